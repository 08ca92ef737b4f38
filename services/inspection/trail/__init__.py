"""The trail of a province: found by who, what, about whom, when and in which words."""
