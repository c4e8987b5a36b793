"""HTTP on aiohttp: submissions, the inbox, the operator's calls, health and the demo page."""
