"""What `up` is made of: the processes it starts, the watchdog over the workers, and its regular work."""
