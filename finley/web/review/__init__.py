"""The review queues: double payments, names of one party, and missed payments, for people to
decide."""
