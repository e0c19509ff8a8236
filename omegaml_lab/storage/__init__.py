"""The adapter that speaks to MongoDB; nothing else imports pymongo."""
