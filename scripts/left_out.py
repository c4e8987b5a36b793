"""Says which tests pytest skipped and why, one line for each reason: `left_out.py report.xml`.

Called by ``scripts/test``, which lets CI fail when anything is said here.
"""

import sys
from collections import Counter
from xml.etree import ElementTree


def left_out(path: str) -> Counter[str]:
    """Reasons of skipped tests with how often each was given; expected failures are none."""
    skips = ElementTree.parse(path).iter("skipped")
    return Counter(skip.get("message", "") for skip in skips if skip.get("type") == "pytest.skip")


if __name__ == "__main__":
    for reason, times in left_out(sys.argv[1]).items():
        print(f"{times} test(s): {reason}")
