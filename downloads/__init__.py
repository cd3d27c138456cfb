"""The queue, the engine that works it, and failover in action."""
