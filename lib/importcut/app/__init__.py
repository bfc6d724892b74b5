"""The roof: runs the notebooks, checks, publishes; what the command line and the desk stand on."""
