//! A kernel made of given facts: for tests, and for checking scripts away from the machine they will run on.
