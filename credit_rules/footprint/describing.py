"""The questionnaire as JSON, for forms and for those who check it."""

from __future__ import annotations

from credit_rules.canonical import JsonValue
from credit_rules.footprint.explaining import source_json
from credit_rules.footprint.model import Assumption, Question, Questionnaire


def describe_questionnaire(questionnaire: Questionnaire) -> dict[str, JsonValue]:
    """All that is needed to ask the questions and to know what leaving one out means."""
    return {
        "id": questionnaire.id,
        "version": questionnaire.version,
        "title": questionnaire.title,
        "summary": questionnaire.summary,
        "effective_from": questionnaire.start.isoformat(),
        "effective_until": questionnaire.until.isoformat() if questionnaire.until else None,
        "digest": questionnaire.digest,
        "categories": dict(questionnaire.categories),
        "questions": [_question(each) for each in questionnaire.questions.values()],
        "regions": list(questionnaire.regions),
        "default_region": questionnaire.default_region,
        "modes": {
            mode: each.reader.spec.label for mode, each in questionnaire.logged_modes.items()
        },
        "notes": list(questionnaire.notes),
    }


def _question(question: Question) -> JsonValue:
    spec = question.spec
    common: dict[str, JsonValue] = {
        "name": spec.name,
        "label": spec.label,
        "help": question.help,
        "category": question.category,
        "kind": spec.kind,
    }
    if spec.kind == "choice":
        common["choices"] = [{"value": c.value, "label": c.label} for c in spec.choices]
    else:
        common |= {
            "unit": spec.unit.text if spec.unit else "",
            "unit_label": question.unit_label,
            "period": question.period.name if question.period else "",
            "period_label": question.period.label if question.period else "",
            "min": str(spec.minimum),
            "max": str(spec.maximum),
            "step": str(spec.step),
        }
    common["left_out"] = {
        name: _left_out(question, assumption) for name, assumption in question.assumed.items()
    }
    return common


def _left_out(question: Question, assumption: Assumption) -> JsonValue:
    low, mid, high = (question.shown(value) for value in assumption.values)
    unit = f" {question.unit_label}" if question.unit_label else ""
    between = "" if low == high else f"（可能为 {low} 到 {high}）"
    sentence = f"不填时按“{assumption.set_name}”假定为 {mid}{unit}{between}，并在结果中标明。"
    return {
        "set": assumption.set_name,
        "low": question.reader.shown(assumption.values.low),
        "mid": question.reader.shown(assumption.values.mid),
        "high": question.reader.shown(assumption.values.high),
        "source": source_json(assumption.source),
        "sentence": sentence,
    }
