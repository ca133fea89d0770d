"""Online detectors: one detector per file, on River's interface.

What belongs here: turning a stream of readings of one series into verdicts. No I/O, no clock, no globals, no database; this
package imports nothing of ours (import-linter holds it). The same code runs in the worker, in replay and in a back-test.
"""
