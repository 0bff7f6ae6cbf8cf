"""Answers to the exercises, written from their tasks alone, without a look at solutions and known mistakes.

A module for each lesson. `answers.py` says what an entry holds, `../test_battery.py` tries them all.
"""
