"""The ticker: wakes what looks for due rows. The rows are the schedule, not this."""
