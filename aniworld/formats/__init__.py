"""How dates and times are written, where it isn't as Django has it for the language."""
