"""What a methodology takes and limits, as JSON for lists, forms and documentation."""

from __future__ import annotations

from credit_rules.canonical import JsonValue
from credit_rules.counters import CapSpec
from credit_rules.methodology import Methodology
from credit_rules.model import InputSpec, Source


def describe(methodology: Methodology) -> dict[str, JsonValue]:
    """Describe a methodology.

    Args:
        methodology: the compiled methodology.

    Returns:
        Id, version, digest, titles, inputs with unit and bounds, evidence, caps, exclusions and
        sources; numbers are decimal texts.
    """
    until = methodology.effective_until
    return {
        "id": methodology.id,
        "version": methodology.version,
        "digest": methodology.digest,
        "title": methodology.title,
        "summary": methodology.summary,
        "boundary": methodology.boundary,
        "scenario": methodology.scenario,
        "issuable": methodology.issuable,
        "baseline": methodology.baseline,
        "footprint_category": methodology.footprint_category,
        "effective_from": methodology.effective_from.isoformat(),
        "effective_until": until.isoformat() if until is not None else None,
        "inputs": [_input(spec) for spec in methodology.inputs.values()],
        "evidence": _evidence(methodology),
        "caps": [_cap(cap) for cap in methodology.caps if cap.kind == "cap"],
        "excludes": [
            {"methodology": exclusion.methodology_id, "period": exclusion.period}
            for exclusion in methodology.excludes
        ],
        "sources": [_source(source) for source in methodology.sources.values()],
    }


def _evidence(methodology: Methodology) -> JsonValue:
    return {
        "table": methodology.evidence.table.name,
        "kinds": list(methodology.evidence.kinds),
        "requires": list(methodology.evidence.requires),
        "max_age_days": methodology.evidence.max_age_days,
        "tiers": [
            {
                "name": tier.name,
                "label": tier.label,
                "points_weight": tier.weights[0],
                "reduction_weight": tier.weights[1],
                "ranked": tier.ranked,
            }
            for tier in methodology.tiers
        ],
    }


def _source(source: Source) -> JsonValue:
    return {
        "name": source.name,
        "title": source.title,
        "clause": source.clause,
        "href": source.href,
    }


def _input(spec: InputSpec) -> JsonValue:
    if spec.unit is None:
        return {
            "name": spec.name,
            "label": spec.label,
            "kind": spec.kind,
            "decided_by": spec.decided_by or None,
            "choices": [
                {"value": c.value, "label": c.label, "waste_class": c.waste_class}
                for c in spec.choices
            ],
        }
    return {
        "name": spec.name,
        "label": spec.label,
        "kind": spec.kind,
        "unit": spec.unit.text,
        "unit_label": spec.unit.label,
        "min": str(spec.minimum),
        "max": str(spec.maximum),
        "step": str(spec.step),
    }


def _cap(cap: CapSpec) -> JsonValue:
    return {
        "name": cap.name,
        "label": cap.label,
        "key": cap.key,
        "scope": cap.scope,
        "period": cap.period,
        "lane": cap.measure,
        "limit": cap.form.text(cap.limit_nano),
        "limit_nano": cap.limit_nano,
        "unit": cap.unit.text,
        "tiers": list(cap.tiers),
    }
