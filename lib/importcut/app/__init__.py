"""The roof: runs the notebooks, checks, publishes; what the command line and the desk stand on."""

import sys

# nbformat imports jsonschema, which would spend a second on a grammar of web addresses that no notebook needs
sys.modules.setdefault("rfc3987_syntax", None)
