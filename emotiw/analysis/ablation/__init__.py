"""What each part of a recipe is worth: one row per variant, each tested against a reference.

Everything is below ``<run>/ablation/``, and ``ablation.csv``, ``.md``, ``.tex`` and ``.svg`` can be
made again from the rest of that folder alone::

    ablation.csv          the table, as below
    ablation.md, .tex     the same for people and for LaTeX (booktabs)
    ablation.svg          the same to look at
    ablation.json         what the rows are: axes, settings, reference, metric, split, times, sizes
    clips.csv             clip_id, split, group, answer: what they are judged on
    scores/<row>.csv      fused scores of each row, and a JSON beside them
    work/<hash>/          a run of its own, where something before the fusion differs

``ablation.csv`` has one line per row, in the order of the plan; figures are fractions (0.61):

==================  ==============================================================================
row                 its name, unique; the settings of all axes in words
(one per axis)      the setting of that axis: every column that is not listed here is an axis
metric              by name
split               what it is judged on: ``val``, ``train`` (out of fold), ``both`` or ``test``
value               the metric
low, high           its 95 % interval over groups
n                   clips judged: all that have an answer; one without scores counts as wrong in
                    classification, and is left out in regression
n_scored            clips among them that have scores
n_groups            groups (speakers, source videos) that they come from
knows_groups        ``false`` where speakers are unknown and each clip stands for itself
difference          value minus that of the reference; empty in the reference's own row
difference_low,     its 95 % interval over groups
difference_high
p                   two-sided permutation test of the difference, sides swapped per group
p_holm              the same after Holm's correction over all rows of the table
is_significant      ``true`` if ``p_holm`` is at most 0.05, else ``false``; empty in the reference
is_reference        ``true`` or ``false``
seconds             what the row takes from scratch, as measured when each part was made; empty
                    where some part was made before times were kept
megabytes           of the trained models that it needs (one per modality, without their folds)
adapted_on          the clips without labels that its models were fitted to; empty for none
==================  ==============================================================================
"""
