"""一线上报 on a phone: plain HTML that works before any script, from whoever is signed in to the worker's inbox."""
