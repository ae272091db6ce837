"""Smoke requests: does a service answer on one host as the inventory says it must?"""
