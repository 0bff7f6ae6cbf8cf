"""Answers to the exercises, written from their tasks alone: by somebody who had seen neither solution nor known mistakes.

A module for each lesson. `answers.py` says what an entry holds, `../test_battery.py` tries them all.
"""
