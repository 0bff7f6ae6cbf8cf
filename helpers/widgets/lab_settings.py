"""What can be set in the lab: one experiment, checked, and in words.

    settings = Settings(requests=100, strategy="semaphore", limit=10)
    settings.can_fail               # False: nothing here can leave a request without a price
    settings.effective              # the names of the settings that have an effect

A setting that has no effect beside the others is allowed, and changes nothing: neither the program nor these words.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from helpers.arguments import choice, number, probability, whole_number
from helpers.simulated_io import DROP, FINISH, JITTERS, QUEUE, REFUSE
from helpers.words import count, seconds

STRATEGIES = ("one by one", "gather", "task group", "as completed", "semaphore", "workers")
LIMITED = ("semaphore", "workers")      # strategies that have a limit of their own
CAUGHT, RAISED = "caught", "raised"
SLOW, CLOSED = "slow", "closed"
TROUBLES = ("none", SLOW, CLOSED)
EXPONENTIAL, FULL_JITTER = "exponential", "full jitter"
BACKOFFS = ("none", EXPONENTIAL, FULL_JITTER)
MOST = 1_000                            # requests
REQUESTS, ANSWERS = "requests", "answers"
SPREAD = 0.5                            # of the latency, as of `Shop`
LONGEST_WAIT = 5                        # seconds between two attempts


@dataclass(frozen=True)
class Settings:
    """One experiment: `requests` questions to one shop.

    requests      1 to 1,000; every one asks for another item
    latency, jitter, failure_rate, capacity, when_full    the shop's, as of `Shop`
    spread        how long the tail of the latencies is, as of `Shop`; counts for the jitter "lognormal" only
    strategy      "one by one", "gather", "task group", "as completed", "semaphore" or "workers"
    limit         how many requests at a time; counts for "semaphore" and "workers" only
    timeout       seconds after which one attempt is given up; None: never
    retries       how often a request that failed, or took too long, is repeated
    errors        what happens when the last attempt fails: "caught", there is no price; or "raised"

    When the shop is in trouble:

    trouble       "none", "slow" or "closed"
    trouble_from  when it begins, in seconds of the run; trouble_for: how many seconds it lasts
    slower        how many times as long a request takes while the shop is slow
    when_closed   what becomes of a request while it is closed: "queue" or "refuse"
    queue_size    how many may queue, None: any number; counts where one queues: at a shop with a capacity, or closed
    when_cancelled  what the shop does with a request that is given up: "drop" or "finish"

    What the program does about it:

    per_second    how many requests arrive in a second; None: all at once. Not for "one by one"
    backoff       the wait before a retry: "none", "exponential", or "full jitter": between 0 and the exponential one
    first_wait    seconds; the exponential wait doubles with every retry, up to 5 s
    retry_budget  retries are at most this share of the requests so far, or of the answers; None: any number
    budget_of     of what it is a share: "requests" or "answers"
    deadline      seconds for one request with all its attempts and waits; None: any number
    hedge         seconds after which a second request for the same item is sent; the first answer counts; None: never
    breaker       how many attempts in a row fail before no more are made; None: any number
    breaker_pause seconds until one attempt is made again
    rate_limit    how many attempts in a second, those of `hedge` included; None: any number
    burst         how many of them at once, after a pause

    Raises TypeError or ValueError for anything else.
    """

    requests: int = 20
    latency: float = 0.3
    jitter: str = "uniform"
    failure_rate: float = 0.0
    capacity: int | None = None
    when_full: str = QUEUE
    strategy: str = "gather"
    limit: int = 5
    timeout: float | None = None
    retries: int = 0
    errors: str = CAUGHT
    trouble: str = "none"
    trouble_from: float = 2.0
    trouble_for: float = 2.0
    slower: float = 5.0
    when_closed: str = QUEUE
    queue_size: int | None = None
    when_cancelled: str = DROP
    per_second: float | None = None
    backoff: str = "none"
    first_wait: float = 0.1
    retry_budget: float | None = None
    budget_of: str = REQUESTS
    deadline: float | None = None
    hedge: float | None = None
    breaker: int | None = None
    breaker_pause: float = 2.0
    rate_limit: float | None = None
    burst: int = 5
    spread: float = SPREAD

    def __post_init__(self) -> None:
        plain = int, float          # of which the program shows what a learner would write
        whole_number("requests", self.requests, least=1, most=MOST, write="for example requests=5")
        number("latency", self.latency, kind=plain, write="for example latency=0.5")
        choice("jitter", self.jitter, JITTERS)
        probability("failure_rate", self.failure_rate, kind=plain)
        number("spread", self.spread, most=5, kind=plain, write="for example spread=1.2")
        if self.capacity is not None:
            whole_number("capacity", self.capacity, least=1, write="for example capacity=5")
        choice("when_full", self.when_full, (QUEUE, REFUSE))
        choice("strategy", self.strategy, STRATEGIES)
        whole_number("limit", self.limit, least=1, most=MOST, write="for example limit=5")
        if self.timeout is not None:
            number("timeout", self.timeout, least=0.001, kind=plain, write="for example timeout=0.5")
        whole_number("retries", self.retries, most=10, write="for example retries=5")
        choice("errors", self.errors, (CAUGHT, RAISED))
        self._check_trouble()
        self._check_remedies()

    def _check_trouble(self) -> None:
        plain = int, float
        choice("trouble", self.trouble, TROUBLES, write='for example trouble="closed", trouble_from=2, trouble_for=1')
        number("trouble_from", self.trouble_from, meaning="seconds", kind=plain, write="for example trouble_from=2")
        number("trouble_for", self.trouble_for, least=0.001, most=3600, meaning="seconds", kind=plain,
               write="for example trouble_for=2")
        number("slower", self.slower, least=0.01, most=1000, meaning="how many times as long a request takes",
               kind=plain, write="for example slower=5")
        choice("when_closed", self.when_closed, (QUEUE, REFUSE))
        if self.queue_size is not None:
            whole_number("queue_size", self.queue_size, write="for example queue_size=20")
        choice("when_cancelled", self.when_cancelled, (DROP, FINISH))

    def _check_remedies(self) -> None:
        plain = int, float
        choice("backoff", self.backoff, BACKOFFS)
        number("first_wait", self.first_wait, least=0.001, most=LONGEST_WAIT, meaning="seconds", kind=plain,
               write="for example first_wait=0.1")
        if self.retry_budget is not None:
            probability("retry_budget", self.retry_budget, kind=plain)
        choice("budget_of", self.budget_of, (REQUESTS, ANSWERS))
        for name, example in (("deadline", 2), ("hedge", 0.5)):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), least=0.001, meaning="seconds", kind=plain,
                       write=f"for example {name}={example}")
        for name, example in (("per_second", 20), ("rate_limit", 10)):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), least=0.001, most=10_000, meaning="a number of requests in a second",
                       kind=plain, write=f"for example {name}={example}")
        if self.breaker is not None:
            whole_number("breaker", self.breaker, least=1, meaning="how many attempts fail before it opens",
                         write="for example breaker=5")
        number("breaker_pause", self.breaker_pause, least=0.001, meaning="seconds", kind=plain,
               write="for example breaker_pause=2")
        whole_number("burst", self.burst, least=1, write="for example burst=5")

    # -- what has an effect ---------------------------------------------------------------------

    @property
    def tail(self) -> bool:
        """Whether the latencies have another tail than usual."""
        return self.jitter == "lognormal" and self.spread != SPREAD

    @property
    def refuses(self) -> bool:
        """Whether the shop can send a request away at once."""
        closed = self.trouble == CLOSED and self.when_closed == REFUSE
        return (self.capacity is not None and self.when_full == REFUSE) or closed or self.bounded

    @property
    def bounded(self) -> bool:
        """Whether there is a queue at the shop, and a limit to it."""
        return self.queue_size is not None and self.can_queue

    @property
    def can_queue(self) -> bool:
        """Whether requests can queue at the shop, and nobody who comes then is refused for another reason."""
        if self.capacity is not None:
            return self.when_full == QUEUE
        return self.trouble == CLOSED and self.when_closed == QUEUE

    @property
    def attempts_can_fail(self) -> bool:
        """Whether an attempt can end with an error of its own, after which there may be another one."""
        return self.failure_rate > 0 or self.timeout is not None or self.refuses

    @property
    def can_fail(self) -> bool:
        """Whether a request can end without a price at all."""
        return self.attempts_can_fail or self.deadline is not None

    @property
    def retry(self) -> bool:
        """Whether there can be a second attempt after a failed one."""
        return self.retries > 0 and self.attempts_can_fail

    @property
    def budgeted(self) -> bool:
        """Whether retries have a budget."""
        return self.retry and self.retry_budget is not None

    @property
    def arriving(self) -> bool:
        """Whether requests arrive over time."""
        return self.per_second is not None and self.strategy != "one by one"

    @property
    def breaks(self) -> bool:
        """Whether there is a circuit breaker, and anything that could open it."""
        return self.breaker is not None and self.attempts_can_fail

    @property
    def gives_up(self) -> bool:
        """Whether the program cancels requests that the shop may be working on."""
        return self.timeout is not None or self.deadline is not None or self.hedge is not None

    @property
    def effective(self) -> frozenset[str]:
        """The names of the settings that have an effect, or would have one if they were not off."""
        without: dict[str, bool] = {
            "spread": self.jitter != "lognormal",
            "when_full": self.capacity is None,
            "limit": self.strategy not in LIMITED,
            "retries": not self.attempts_can_fail,
            "errors": not self.can_fail,
            "trouble_from": self.trouble == "none",
            "trouble_for": self.trouble == "none",
            "slower": self.trouble != SLOW,
            "when_closed": self.trouble != CLOSED,
            "queue_size": not self.can_queue,
            "when_cancelled": not self.gives_up,
            "per_second": self.strategy == "one by one",
            "backoff": not self.retry,
            "first_wait": not self.retry or self.backoff == "none",
            "retry_budget": not self.retry,
            "budget_of": not self.budgeted,
            "breaker": not self.attempts_can_fail,
            "breaker_pause": not self.breaks,
            "burst": self.rate_limit is None,
        }
        return frozenset(name for name in NAMES if not without.get(name, False))

    # -- in words -------------------------------------------------------------------------------

    def __str__(self) -> str:
        """All that counts, in words; what is left out does not count."""
        at_a_time = f" ({self.limit} at a time)" if self.strategy in LIMITED else ""
        spread = f", spread {self.spread:g}" if self.tail else ""
        jitter = f" ({self.jitter}{spread})" if self.jitter != "none" else ""
        arriving = f" ({self.per_second:g} per second)" if self.arriving else ""
        words = [count(self.requests, "request") + arriving, self.strategy + at_a_time,
                 f"latency {seconds(self.latency)}{jitter}"]
        if self.failure_rate:
            words.append(f"{self.failure_rate:.3g} of them fail" if self.failure_rate < 1 else "all fail")
        if self.capacity is not None:
            words.append(f"the shop serves {self.capacity:,} at once"
                         + (" and refuses the others" if self.when_full == REFUSE else ""))
        words += self._trouble_in_words()
        if self.timeout is not None:
            words.append(f"timeout {seconds(self.timeout)}")
        if self.retries:
            words.append(f"{self.retries} retr{'ies' if self.retries > 1 else 'y'}")
        words += self._remedies_in_words()
        if self.errors == RAISED and self.can_fail:
            words.append("errors are raised")
        return ", ".join(words)

    def _trouble_in_words(self) -> list[str]:
        words = []
        if self.trouble != "none":
            how = {SLOW: f"{self.slower:g} times as slow", CLOSED: "closed"}[self.trouble]
            refusing = " and refusing" if self.trouble == CLOSED and self.when_closed == REFUSE else ""
            end = self.trouble_from + self.trouble_for
            words.append(f"{how}{refusing} from {seconds(self.trouble_from).removesuffix(' s')} to {seconds(end)}")
        if self.bounded:
            words.append(f"at most {self.queue_size:,} in its queue")
        if self.when_cancelled == FINISH and self.gives_up:
            words.append("it finishes what is cancelled")
        return words

    def _remedies_in_words(self) -> list[str]:
        words = []
        if self.retry and self.backoff != "none":
            words.append(f"{self.backoff} from {seconds(self.first_wait)}" if self.backoff == EXPONENTIAL
                         else f"exponential with full jitter from {seconds(self.first_wait)}")
        if self.budgeted:
            words.append(f"retry budget {self.retry_budget:.4g} of the {self.budget_of}")
        if self.deadline is not None:
            words.append(f"deadline {seconds(self.deadline)}")
        if self.hedge is not None:
            words.append(f"hedged after {seconds(self.hedge)}")
        if self.breaks:
            words.append(f"breaker opens after {count(self.breaker or 0, 'failure')} "
                         f"for {seconds(self.breaker_pause)}")
        if self.rate_limit is not None:
            words.append(f"at most {self.rate_limit:g} per second (burst {self.burst})")
        return words


NAMES = tuple(field.name for field in dataclasses.fields(Settings))


def differences(one: Settings, other: Settings) -> list[str]:
    """The names of the settings in which two experiments differ."""
    return [name for name in NAMES if getattr(one, name) != getattr(other, name)]
