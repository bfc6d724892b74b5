"""Intake: from the files received to lines, imports and registers, all of them typed and accounted for."""
