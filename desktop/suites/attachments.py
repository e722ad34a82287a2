"""What cases share by name: documents that they ask about, and worked examples before them."""

from collections.abc import Iterable

from desktop.domain.suite import Document, FewShot, Message, Role
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings, nearest
from desktop.suites.yaml_tree import Node

DOCUMENT_KEYS = ("id", "title", "text")
FEW_SHOT_KEYS = ("id", "messages", "text")
MESSAGE_KEYS = ("role", "content")


def read_documents(fields: Fields, findings: Findings) -> tuple[Document, ...]:
    """Return the suite's `documents`."""
    documents = []
    for position, node in enumerate(fields.items("documents"), start=1):
        entry = Fields(node, f"document {position}", DOCUMENT_KEYS, findings)
        entry.require("id", "text")
        documents.append(
            Document(id=entry.identifier("id"), text=entry.text("text"), title=entry.text("title"))
        )
        _note_twice(entry, [document.id for document in documents], "document", findings)
    return tuple(documents)


def read_few_shot(fields: Fields, findings: Findings) -> tuple[FewShot, ...]:
    """Return the suite's `few_shot`: each with messages, a text, or both."""
    examples = []
    for position, node in enumerate(fields.items("few_shot"), start=1):
        entry = Fields(node, f"few-shot examples {position}", FEW_SHOT_KEYS, findings)
        entry.require("id")
        if not any(key in entry for key in FEW_SHOT_KEYS[1:]):
            findings.missing_key(entry.line, 'messages" or "text', entry.where)
        messages = read_messages(entry, findings)
        if messages and messages[-1].role is not Role.ASSISTANT:
            message = f'"messages" of {entry.where} must end with the role assistant: its answer'
            findings.add(entry.key_line("messages"), message)
        text = entry.exact_text("text")
        examples.append(FewShot(id=entry.identifier("id"), messages=messages, text=text))
        _note_twice(entry, [example.id for example in examples], "few-shot examples", findings)
    return tuple(examples)


def read_messages(fields: Fields, findings: Findings) -> tuple[Message, ...]:
    """Return the `messages` of a case or of worked examples."""
    messages = tuple(_read_message(node, fields, findings) for node in fields.items("messages"))
    if any(message.role is Role.SYSTEM for message in messages[1:]):
        line = fields.key_line("messages")
        findings.add(line, f"the role system comes first in {fields.where}, or not at all")
    return messages


def note_unknown(
    key: str, names: Iterable[str], known: Iterable[str], fields: Fields, findings: Findings
) -> None:
    """Note names that a case gives and the suite does not have."""
    ids = tuple(known)
    for name in names:
        if name not in ids:
            hint = nearest(name, ids) or f'; the suite has no "{key}" of its own'
            findings.add(
                fields.key_line(key), f'"{key}" in {fields.where}: there is no "{name}"{hint}'
            )


def _read_message(node: Node, parent: Fields, findings: Findings) -> Message:
    fields = Fields(node, f"a message of {parent.where}", MESSAGE_KEYS, findings)
    fields.require(*MESSAGE_KEYS)
    role = fields.choice("role", {role.value: role for role in Role})
    return Message(role=role or Role.USER, content=fields.text("content"))


def _note_twice(fields: Fields, ids: list[str], what: str, findings: Findings) -> None:
    if ids[-1] and ids[-1] in ids[:-1]:
        findings.add(fields.key_line("id"), f'the id "{ids[-1]}" of {what} occurs twice')
