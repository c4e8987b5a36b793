"""Small tools that know nothing of notifications: clock, ids, backoff, tasks, logging."""
