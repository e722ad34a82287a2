"""A language model answers a suite: engine events in, stored answers and run events out.

An engine process that ends costs nothing that can be had: the cases under way are asked again in
a new process, one at a time, and one that loses the engine a second time is an error with its
cause. A run gives up when the engine is lost several times without an answer in between.
"""

import contextlib
from collections import deque
from collections.abc import Iterator

from desktop.domain.answer import Answer
from desktop.domain.base import new_id
from desktop.domain.events import (
    AnswerFinished,
    AnswerGrew,
    AnswerStarted,
    EngineLoaded,
    EngineLost,
    Progress,
    RunEvent,
)
from desktop.domain.run import EngineFacts, Outcome, Run, StopReason
from desktop.domain.suite import Metric, Suite
from desktop.errors import EngineFault
from desktop.evaluation.choices import ChoiceSets, Decided, render_contexts
from desktop.evaluation.control import Wish
from desktop.evaluation.deadline import Deadline
from desktop.evaluation.pace import Pace
from desktop.evaluation.prompts import (
    Question,
    hash_prompt,
    hash_text,
    list_questions,
    make_prompt,
    render_questions,
)
from desktop.evaluation.shared_time import SharedTime
from desktop.evaluation.workshop import Workshop
from desktop.inference.engine import (
    ContextMade,
    Engine,
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    ModelLoaded,
    RenderedPrompt,
    TextGenerated,
)
from desktop.scoring.multiple_choice import judge_choice
from desktop.scoring.registry import score_answer

_LOSSES_BEFORE_GIVING_UP = 4
_LOADS_BEFORE_GIVING_UP = 2
# Cases that likelihood decides, in one request: what they share is read once in each.
_MOST_DECIDED_AT_ONCE = 2000
_FEW_DECIDED_AT_ONCE = 16

CHAT_TEMPLATE = "chat_template"
PLAIN_TEXT = "plain_text"
RUNNING_TEXT = "running_text"  # nothing is asked: likelihood decides how a text goes on


class SuiteRun:
    """One run of one suite. `carry_out` may be called once."""

    def __init__(self, run: Run, suite: Suite, workshop: Workshop) -> None:
        """Find out what is left to ask: everything but the answers stored without an error."""
        self.run = run
        self._suite = suite
        self._workshop = workshop
        self._control = workshop.control
        kept = {
            (answer.case_id, answer.repeat)
            for answer in workshop.recorder.load_answers(run.id)
            if answer.outcome is not Outcome.ERROR
        }
        questions = list_questions(run, suite)
        left = [q for q in questions if (q.case.id, q.repeat) not in kept]
        self.answers_kept = len(questions) - len(left)
        self._waiting = deque(q for q in left if not q.case.continuations)
        self._undecided = deque(q for q in left if q.case.continuations)
        self._portion = _MOST_DECIDED_AT_ONCE
        self._suspects: deque[Question] = deque()
        self._under_way: dict[str, Question] = {}
        self._begun: dict[str, float] = {}
        self._time = SharedTime()
        self._lost: dict[str, str] = {}
        self._losses = 0
        self._failed_loads = 0
        self._pace = Pace(len(questions), self.answers_kept)
        self._facts: EngineFacts | None = None
        self._rendered: dict[str, RenderedPrompt] = {}
        self._templated = False
        self._loaded_model: ModelLoaded | None = None
        self.peak_memory_bytes = 0

    def carry_out(self) -> Iterator[RunEvent]:
        """Ask what is left and yield events; returns early when cancelled.

        Raises `EngineFault` when the model can't be loaded or the engine is lost again and again.
        """
        engine: Engine | None = None
        yield self._progress()
        try:
            while self._is_unfinished and not self._control.ended:
                self._control.wait_while_paused()
                loading = engine is None
                engine = engine or self._workshop.start_engine()
                try:
                    if loading:
                        self._control.attach(engine.cancel)
                        yield from self._load(engine)
                        loading = False
                    if self._undecided:
                        yield from self._decide(engine)
                    else:
                        yield from self._ask_batch(engine)
                except EngineFault as fault:
                    self._control.attach(None)
                    engine.close()
                    engine = None
                    yield from self._survive(fault, loading=loading)
            if engine is not None:
                with contextlib.suppress(EngineFault):
                    self.peak_memory_bytes = engine.peak_memory_bytes()
        finally:
            self._control.attach(None)
            if engine is not None:
                engine.close()

    @property
    def complete(self) -> bool:
        """Whether every case has an answer or an error."""
        return self._pace.done == self._pace.total

    @property
    def _is_unfinished(self) -> bool:
        return bool(self._waiting or self._suspects or self._undecided)

    def _load(self, engine: Engine) -> Iterator[RunEvent]:
        settings, known = self.run.settings, self._facts
        loaded = engine.load(
            LoadModel(
                path=self.run.model.path,
                context_tokens=settings.context_tokens,
                # What an engine that was lost has found by trial holds for the rest of the run.
                parallel_sequences=known.parallel_sequences
                if known
                else settings.parallel_sequences,
                threads=known.threads if known else settings.threads,
                gpu_layers=settings.gpu_layers,
                options=(known and known.options) or settings.engine,
            )
        )
        self._loaded_model = loaded
        self._templated = bool(loaded.chat_template)
        if known is None:
            yield self._loaded(loaded.facts)
        self._render(loaded)

    def _loaded(self, facts: EngineFacts) -> EngineLoaded:
        prompt_format = CHAT_TEMPLATE if self._templated else PLAIN_TEXT
        in_chat = self._templated and self.run.settings.likelihood_in_chat
        if not in_chat and all(case.continuations for case in self._suite.cases):
            prompt_format = RUNNING_TEXT
        return EngineLoaded(run_id=self.run.id, engine=facts, prompt_format=prompt_format)

    def _render(self, loaded: ModelLoaded) -> None:
        if self._rendered:
            return
        self._rendered = render_questions(
            (*self._suspects, *self._waiting),
            self._suite,
            self.run,
            loaded,
            self._workshop.render,
        )

    def _ask_batch(self, engine: Engine) -> Iterator[RunEvent]:
        """Ask one suspect alone, or everything that waits."""
        if self._suspects:
            batch = [self._suspects.popleft()]
        else:
            batch = list(self._waiting)
            self._waiting.clear()
        unasked = {question.key: question for question in batch}
        prompts = []
        for question in batch:
            rendered = self._rendered[question.key]
            if rendered.problem:
                del unasked[question.key]
                yield from self._fail(question, rendered.problem)
            else:
                prompts.append(make_prompt(question, rendered, self.run, templated=self._templated))
        self._pace.start()
        self._time.share(0)
        try:
            with Deadline(engine.cancel) as deadline:
                for event in engine.generate(prompts):
                    yield from self._receive(event, unasked)
                    self._time.share(len(self._under_way))
                    deadline.set(self._next_deadline())
                    if self._control.wish is not Wish.GO_ON:
                        engine.cancel()
        finally:
            self._pace.stop()
            asked_again = list(unasked.values())
            if self._control.wish is not Wish.GO_ON or asked_again:
                self._waiting.extendleft(reversed(asked_again))

    def _decide(self, engine: Engine) -> Iterator[RunEvent]:
        """Have likelihood decide some cases.

        The engine does not tell which of them it is at. When it is lost they are asked again in
        smaller portions, until it is known which one is at fault.
        """
        batch = [self._undecided.popleft() for _ in range(min(self._portion, len(self._undecided)))]
        sets = ChoiceSets(batch, self._suite)
        self._pace.start()
        try:
            for event in engine.score_continuations(sets.write(self._render_contexts(sets))):
                if isinstance(event, ContextMade):
                    # What cases are answered with, if there are such, tells more.
                    if self._facts is None:
                        yield self._loaded(event.facts)
                elif decided := sets.accept(event):
                    yield from self._conclude(decided)
                if self._control.wish is not Wish.GO_ON:
                    engine.cancel()
        except EngineFault as fault:
            left = sets.left
            if fault.process_ended and len(batch) == 1 and self._control.wish is Wish.GO_ON:
                left = ()
                yield from self._fail(batch[0], fault.message)
            self._undecided.extendleft(reversed(left))
            self._portion = _FEW_DECIDED_AT_ONCE if len(batch) > _FEW_DECIDED_AT_ONCE else 1
            raise
        finally:
            self._pace.stop()
        self._undecided.extendleft(reversed(sets.left))
        self._portion = min(_MOST_DECIDED_AT_ONCE, self._portion * _FEW_DECIDED_AT_ONCE)

    def _render_contexts(self, sets: ChoiceSets) -> dict[str, RenderedPrompt] | None:
        loaded = self._loaded_model
        if loaded is None or not (self._templated and self.run.settings.likelihood_in_chat):
            return None
        return render_contexts(
            sets.contexts(), self._suite, self.run, loaded, self._workshop.render
        )

    def _conclude(self, decided: Decided) -> Iterator[RunEvent]:
        question, case = decided.question, decided.question.case
        if decided.problem:
            yield from self._fail(question, decided.problem)
            return
        choice = judge_choice(case.metric or Metric.ACC, case.continuations, decided.likelihoods)
        self._losses = 0
        yield self._store(
            Answer(
                id=new_id(),
                run_id=self.run.id,
                case_id=case.id,
                repeat=question.repeat,
                text=choice.text,
                outcome=choice.outcome,
                score=choice.score,
                scores=choice.scores,
                stop_reason=StopReason.END_OF_ANSWER,
                finished_at=self._workshop.now(),
                prompt_tokens=decided.context_tokens,
                prompt_sha256=hash_text(decided.context),
                likelihoods=decided.likelihoods,
            )
        )
        yield self._progress()

    def _receive(self, event: GenerationEvent, unasked: dict[str, Question]) -> Iterator[RunEvent]:
        if isinstance(event, ContextMade):
            # A later one is for the few cases that are asked again.
            if self._facts is None:
                self._facts = event.facts
                yield self._loaded(event.facts)
        elif isinstance(event, GenerationStarted):
            question = unasked.pop(event.key)
            self._under_way[event.key] = question
            self._begun[event.key] = self._time.share(len(self._under_way))
            yield AnswerStarted(
                run_id=self.run.id, case_id=question.case.id, repeat=question.repeat
            )
        elif isinstance(event, TextGenerated):
            question = self._under_way[event.key]
            yield AnswerGrew(
                run_id=self.run.id,
                case_id=question.case.id,
                repeat=question.repeat,
                text=event.text,
                is_thinking=event.is_thinking,
            )
        elif isinstance(event, GenerationFailed):
            under_way = self._under_way if event.key in self._under_way else unasked
            question = under_way.pop(event.key)
            yield from self._fail(question, event.message)
        else:
            question = self._under_way.pop(event.key)
            cancelled = event.stop_reason is StopReason.CANCELLED
            if cancelled and self._is_overdue(event.key):
                limit = self.run.settings.case_timeout_seconds
                yield from self._fail(
                    question,
                    f"No complete answer within {limit:g} seconds, the time limit of this run.",
                )
            elif cancelled:
                self._waiting.appendleft(question)
            else:
                yield from self._finish(question, event)

    def _next_deadline(self) -> float | None:
        """Return when the case that has been under way longest must be done."""
        begun = [self._begun[key] for key in self._under_way]
        if not begun:
            return None
        return self._time.moment_of(min(begun) + self.run.settings.case_timeout_seconds)

    def _is_overdue(self, key: str) -> bool:
        return self._time.has_passed(self._begun[key] + self.run.settings.case_timeout_seconds)

    def _finish(self, question: Question, event: GenerationFinished) -> Iterator[RunEvent]:
        outcome, score, scores = score_answer(
            event.text,
            question.case,
            stop_reason=event.stop_reason,
            thinking=event.thinking,
        )
        unscored = next((s.explanation for s in scores if not s.passed), "")
        self._losses = 0
        yield self._store(
            Answer(
                id=new_id(),
                run_id=self.run.id,
                case_id=question.case.id,
                repeat=question.repeat,
                text=event.text,
                outcome=outcome,
                score=score,
                scores=scores,
                stop_reason=event.stop_reason,
                finished_at=self._workshop.now(),
                prompt_tokens=event.prompt_tokens,
                generated_tokens=event.generated_tokens,
                time_to_first_token_seconds=event.time_to_first_token_seconds,
                seconds=event.seconds,
                thinking=event.thinking,
                thinking_tokens=event.thinking_tokens,
                prompt_sha256=hash_prompt(self._rendered[question.key]),
                problem=unscored if outcome is Outcome.ERROR else self._lost.get(question.key, ""),
            )
        )
        yield self._progress()

    def _fail(self, question: Question, message: str) -> Iterator[RunEvent]:
        rendered = self._rendered.get(question.key)
        yield self._store(
            Answer(
                id=new_id(),
                run_id=self.run.id,
                case_id=question.case.id,
                repeat=question.repeat,
                text="",
                outcome=Outcome.ERROR,
                score=0.0,
                scores=(),
                stop_reason=StopReason.ERROR,
                finished_at=self._workshop.now(),
                # Of what likelihood decides no prompt is known here; the case tells it.
                prompt_sha256=hash_prompt(rendered) if rendered else "",
                problem=message,
            )
        )
        yield self._progress()

    def _store(self, answer: Answer) -> AnswerFinished:
        self._workshop.recorder.add_answer(answer)
        self._pace.step()
        return AnswerFinished(run_id=self.run.id, answer=answer)

    def _survive(self, fault: EngineFault, *, loading: bool) -> Iterator[RunEvent]:
        """Sort the cases that were under way when the engine was lost, or give up."""
        if fault.process_ended and self._control.wish is not Wish.GO_ON:
            # Ended by our own pause or cancel, which it did not obey in time; no case is to blame.
            self._waiting.extendleft(reversed(self._under_way.values()))
            self._under_way = {}
            return
        self._losses += 1
        self._failed_loads += loading
        if not fault.process_ended or self._failed_loads >= _LOADS_BEFORE_GIVING_UP:
            raise fault
        if self._losses >= _LOSSES_BEFORE_GIVING_UP:
            raise fault
        yield EngineLost(run_id=self.run.id, message=fault.message)
        lost, self._under_way = self._under_way, {}
        for key, question in lost.items():
            if key in self._lost:
                yield from self._fail(question, fault.message)
            else:
                self._lost[key] = f"{fault.message} The case was asked again in a new process."
                self._suspects.append(question)

    def _progress(self) -> Progress:
        return Progress(
            run_id=self.run.id,
            done=self._pace.done,
            total=self._pace.total,
            seconds_left=self._pace.seconds_left,
        )
