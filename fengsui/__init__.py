"""Fengsui 烽燧: real-time monitoring and early warning for a service quality centre."""

__version__ = "0.1.0"
