"""Properties hold however slow the machine is: hypothesis asks for no pace. A plugin (`-p tests.properties`)."""

from hypothesis import HealthCheck, settings

settings.register_profile("leadqual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leadqual")
