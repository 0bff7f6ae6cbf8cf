"""Recordings as pictures.

A run becomes a picture in three steps: what its lanes are in numbers (`lanes`, `shares`, with the time `axis` and the
`letters`), where everything stands on a page (`layout`), and the painting (`png` on a `canvas`, or `svg`). Colours and
words of the states are those of `palette`. A notebook asks `timeline` (draw, compare), `figure` (show), `series`
(draw_series: numbers over time), `curves` (draw_curves: numbers over a number), `bars` (draw_bars: measured numbers),
`chain` (draw_chain: where a suspended coroutine stands), `queues` (draw_queues: who stands in which queue) and
`deadlock` (who_waits); `widgets` use the painters too.
"""
