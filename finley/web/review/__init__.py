"""The queues that people decide: payments paid twice, names of one party, payments missed."""
