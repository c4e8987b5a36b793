"""The store on MongoDB: every step is one atomic write of one document, or may be repeated.

Nothing here needs a transaction, a change stream or an update by pipeline, so any server that
speaks the protocol and is atomic per document serves.
"""
