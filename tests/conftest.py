"""What holds for every test.

Hypothesis measures no time here, as a machine that stands still for a moment is no fault, and tries
the same examples in every run: what fails is what was changed. New ones are looked for by the soak.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    database=None,  # lanes run side by side
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")
