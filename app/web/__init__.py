"""HTTP: routes, schemas, problems and pages. No torch, no logic."""
