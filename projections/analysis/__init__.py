"""Questions answered when somebody asks: what if, which facts carry a verdict, flags, responsibility."""
