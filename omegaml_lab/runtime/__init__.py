"""The runtime: jobs, runs and what performs them.

One room each, of which every one knows only those below it: what a person holds (`client`) and
what performs (`workers`); how calls and notebooks are performed (`calls`, `notebooks`), in which
processes (`kernels`), on which packages (`environments`); what a notebook says of itself
(`jobs`); what starts and what is told by itself (`schedules`, `notifications`); and what is on
record of it all (`records`), with the messages that hint at it (`broker`).
"""
