"""Real servers for tests and benches: brokers on free loopback ports, and a fast publisher."""
