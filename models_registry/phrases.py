"""What is stored of versions and runs in words: checks, verdicts, suspects, drift, progress. Pure: no Django.

Each phrase stands here as the module that makes it has it; a test holds both together.
"""

from __future__ import annotations

from common.language import gettext_noop
from common.phrasebook import Phrasebook

CHECKS = (
    gettext_noop("Not in the catalogue: %(which)s."),
    gettext_noop("The artefact cannot be read back: %(problem)s."),
    gettext_noop("The artefact that is read back is not the one that was written."),
    gettext_noop("%(features)s features of the catalogue; the artefact reads back with its golden rows."),
    gettext_noop(
        "A forward ROC-AUC of %(auc)s is too good to be true. Look for an attribute that is filled after the outcome; "
        "a person may activate the version with a reason."
    ),
    gettext_noop("It reads what looks written after the outcome: %(which)s."),
    gettext_noop("Nothing that it reads looks written after the outcome."),
    gettext_noop("Calibration error %(error)s on newer leads; chance explains %(chance)s, and %(limit)s is let pass."),
    gettext_noop(
        "It learnt from the plain labels, and was measured on them: quick decisions are left over there. Such a "
        "version is for comparison; a person may activate it with a reason."
    ),
    gettext_noop("The model does not read how often a lead answers."),
    gettext_noop(
        "When a lead answers more often, the probability changes on average by %(changes)s more: it does not fall."
    ),
    gettext_noop("When a lead answers more often, the probability changes on average by %(changes)s more: it falls."),
    gettext_noop("%(change)s for %(more)s"),
)
VERDICTS = (
    gettext_noop("Activated: no version was active before."),
    gettext_noop("Activated: the artefact of the active version %(version)s is damaged."),
    gettext_noop("Activated: the active version %(version)s reads what is not known of leads here."),
    gettext_noop(
        "Activated: the active version is older than %(days)s days and the new one is not worse. %(compared)s"
    ),
    gettext_noop("Activated: %(compared)s"),
    gettext_noop("No version was active before."),
    gettext_noop("The artefact of the active version %(version)s is damaged."),
    gettext_noop("The active version %(version)s reads what is not known of leads here."),
    gettext_noop("The active version is older than %(days)s days and the new one is not worse. %(compared)s"),
    gettext_noop("Another version became active while this one was compared with the one before."),
    gettext_noop("Not activated: %(why)s"),
    gettext_noop("On the same %(leads)s newest leads, %(log_loss)s; %(roc_auc)s."),
    gettext_noop("log loss is %(new)s against %(old)s, which is better beyond chance (p = %(p)s)"),
    gettext_noop("log loss is %(new)s against %(old)s, which is better, but not beyond chance (p = %(p)s)"),
    gettext_noop("log loss is %(new)s against %(old)s, which is worse (p = %(p)s)"),
    gettext_noop("log loss is %(new)s against %(old)s, which is the same (p = %(p)s)"),
    gettext_noop("ROC-AUC cannot be compared, because these leads all came out the same"),
    gettext_noop("ROC-AUC is %(new)s against %(old)s, surely not worse by %(margin)s"),
    gettext_noop(
        "ROC-AUC is %(new)s against %(old)s, and that it is not worse by %(margin)s cannot be shown (it may be by "
        "%(most)s)"
    ),
)
SUSPECTS = (
    gettext_noop("Alone it ranks with a ROC-AUC of %(auc)s."),
    gettext_noop("There are too few leads to show %(name)s harmless."),
    gettext_noop("%(name)s looks like a leak: alone it ranks with a ROC-AUC of %(auc)s."),
    gettext_noop("%(name)s looks like a leak: its being filled ranks with a ROC-AUC of %(auc)s."),
    gettext_noop("A person has released it."),
    gettext_noop("It is used, as it is said to be known with the lead."),
    gettext_noop("It is used, as it is said to be known at the time recorded."),
    gettext_noop("Nobody can say when it is known, so it is kept out."),
    gettext_noop("Known only after the contact: no model reads it."),
    gettext_noop("Known only after the outcome: no model reads it."),
    gettext_noop("Only the %(number)s most telling are learnt with and without."),
)
DRIFT = (
    gettext_noop("more leads %(like)s than in training (%(now)s instead of %(then)s)"),
    gettext_noop("fewer leads %(like)s than in training (%(now)s instead of %(then)s)"),
    gettext_noop("with other values"),
    gettext_noop("with “yes”"),
    gettext_noop("with “%(word)s”"),
    gettext_noop("above %(bound)s"),
    gettext_noop("of %(bound)s or less"),
    gettext_noop("more often unknown than in training (%(now)s instead of %(then)s)"),
    gettext_noop("less often unknown than in training (%(now)s instead of %(then)s)"),
    gettext_noop("%(share)s of leads have a value that training never saw"),
)
CHOSEN = (
    gettext_noop("The windows held one outcome only, so the simplest is taken."),
    gettext_noop("Nothing could be measured."),
    gettext_noop("It has the least log loss."),
    gettext_noop("It has the least log loss, but a simpler one comes as near."),
    gettext_noop("It is the simplest whose log loss is within one standard error (%(error)s) of the least."),
    gettext_noop("Its log loss is %(more)s above the least."),
    gettext_noop("Its log loss is %(more)s above the least, within one standard error, but it is not the simplest."),
)
LEFT_OUT = (
    gettext_noop("It did not vary in training."),
    gettext_noop("None of its values is shared by enough leads to learn from."),
    gettext_noop("It tells no more than a column of noise."),
    gettext_noop("It tells when a lead came, not which lead it is: the recent conversion rate says what the times do."),
    gettext_noop("There are too few leads to show whether the recent conversion rate tells anything."),
    gettext_noop("It is known of %(leads)s leads only."),
    gettext_noop("It says the same as %(name)s."),
)
PROGRESS = (
    gettext_noop("Left out %(number)s feature: %(which)s."),
    gettext_noop("Left out %(number)s features: %(which)s."),
    gettext_noop("Left out %(number)s features: %(which)s, and %(rest)s more."),
    gettext_noop("Reading the leads as they were."),
    gettext_noop("%(snapshots)s snapshots of %(leads)s leads."),
    gettext_noop("Learning from %(past)s snapshots, measuring on %(newest)s of newer leads."),
    gettext_noop("%(done)s of %(all)s trees grown."),
    gettext_noop("%(title)s fitted on %(done)s of %(bags)s half-samples."),
    gettext_noop("Trying %(title)s."),
    gettext_noop("%(title)s: log loss %(loss)s."),
    gettext_noop("%(title)s is chosen: %(why)s"),
    gettext_noop("Calibrating on out-of-sample scores."),
    gettext_noop("Measuring on leads that came later."),
    gettext_noop("Shuffled, for comparison: %(step)s"),
    gettext_noop("How the figures grew with data, and what simpler means would have reached."),
    gettext_noop("Which features carry the scores."),
    gettext_noop("Writing the card."),
)
FAILED = (
    gettext_noop(
        "%(leads)s usable leads (%(converted)s converted, %(lost)s not), with %(columns)s columns that vary: at least "
        "%(least)s leads, both outcomes among the older ones, and one such column are needed."
    ),
    gettext_noop("Training stopped on an error of ours, which has been logged; nothing was changed."),
)
REFUSED = (
    gettext_noop("Version %(version)s failed its rehearsal: %(why)s Nothing was changed."),
    gettext_noop("its artefact is missing, or is not what was stored."),
    gettext_noop("it reads what this installation does not know of leads: %(which)s."),
    gettext_noop("its calibration is not an increasing map."),
    gettext_noop("its calibration puts its golden rows in another order."),
    gettext_noop("This version is archived: only its card is kept."),
)
PHRASES = Phrasebook(
    (*CHECKS, *VERDICTS, *SUSPECTS, *DRIFT, *CHOSEN, *LEFT_OUT, *PROGRESS, *FAILED, *REFUSED),
    words=("problem", "version", "title", "word"),
    features=("which", "name"),
    parts=("changes", "why", "compared", "log_loss", "roc_auc", "like", "step"),
)
