"""The processes: web, projector, workers, sealer, witness; how they are started and watched."""
