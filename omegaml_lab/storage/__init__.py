"""The adapter that speaks to MongoDB; nothing else imports pymongo.

Import what you need from its modules, `storage.storage.Storage` first: this package itself
loads nothing, because the command line must start fast.
"""
