"""Switchyard: conditional, quality-gated workflows for ComfyUI."""

from .nodes.aesthetic_score import AestheticScore
from .nodes.attempt_seed import AttemptSeed
from .nodes.before_and_after import BeforeAndAfter
from .nodes.boolean_parameter import BooleanParameter
from .nodes.boxes_to_segs import BoxesToSegs
from .nodes.choice_parameter import ChoiceParameter
from .nodes.clip_iqa_score import ClipIqaScore
from .nodes.compare import Compare
from .nodes.content_classifier import ContentClassifier
from .nodes.denoise_strength import DenoiseStrength
from .nodes.face_crop import FaceCrop
from .nodes.face_detailer import FaceDetailer
from .nodes.face_detector import FaceDetector
from .nodes.face_paste import FacePaste
from .nodes.first_available import FirstAvailable
from .nodes.gate import Gate
from .nodes.host.registration import register
from .nodes.image_parameter import ImageParameter
from .nodes.integer_parameter import IntegerParameter
from .nodes.number_parameter import NumberParameter
from .nodes.pick_best import PickBest
from .nodes.preference_score import PreferenceScore
from .nodes.prompt_score import PromptScore
from .nodes.pyiqa_score import PyiqaScore
from .nodes.quality_gate import QualityGate
from .nodes.quality_gate_steps import QualityGateAttempt, QualityGateChoice, QualityGateItems, QualityGateResult
from .nodes.quality_score import QualityScore
from .nodes.refiner_split import RefinerSplit
from .nodes.save_image_with_seeds import SaveImageWithSeeds
from .nodes.score_log import ScoreLog
from .nodes.score_overlay import ScoreOverlay
from .nodes.seed_parameter import SeedParameter
from .nodes.seed_sequence import SeedSequence
from .nodes.segs_to_boxes import SegsToBoxes
from .nodes.select import Select
from .nodes.switch import Switch
from .nodes.template_parameter import TemplateParameter
from .nodes.text_parameter import TextParameter

NODE_CLASS_MAPPINGS = {
    "SwitchyardAestheticScore": AestheticScore,
    "SwitchyardAttemptSeed": AttemptSeed,
    "SwitchyardBeforeAndAfter": BeforeAndAfter,
    "SwitchyardBooleanParameter": BooleanParameter,
    "SwitchyardBoxesToSegs": BoxesToSegs,
    "SwitchyardChoiceParameter": ChoiceParameter,
    "SwitchyardClipIqaScore": ClipIqaScore,
    "SwitchyardCompare": Compare,
    "SwitchyardContentClassifier": ContentClassifier,
    "SwitchyardDenoiseStrength": DenoiseStrength,
    "SwitchyardFaceCrop": FaceCrop,
    "SwitchyardFaceDetailer": FaceDetailer,
    "SwitchyardFaceDetector": FaceDetector,
    "SwitchyardFacePaste": FacePaste,
    "SwitchyardFirstAvailable": FirstAvailable,
    "SwitchyardGate": Gate,
    "SwitchyardImageParameter": ImageParameter,
    "SwitchyardIntegerParameter": IntegerParameter,
    "SwitchyardNumberParameter": NumberParameter,
    "SwitchyardPickBest": PickBest,
    "SwitchyardPreferenceScore": PreferenceScore,
    "SwitchyardPromptScore": PromptScore,
    "SwitchyardPyiqaScore": PyiqaScore,
    "SwitchyardQualityGate": QualityGate,
    "SwitchyardQualityGateAttempt": QualityGateAttempt,
    "SwitchyardQualityGateChoice": QualityGateChoice,
    "SwitchyardQualityGateItems": QualityGateItems,
    "SwitchyardQualityGateResult": QualityGateResult,
    "SwitchyardQualityScore": QualityScore,
    "SwitchyardRefinerSplit": RefinerSplit,
    "SwitchyardSaveImageWithSeeds": SaveImageWithSeeds,
    "SwitchyardScoreLog": ScoreLog,
    "SwitchyardScoreOverlay": ScoreOverlay,
    "SwitchyardSeedParameter": SeedParameter,
    "SwitchyardSeedSequence": SeedSequence,
    "SwitchyardSegsToBoxes": SegsToBoxes,
    "SwitchyardSelect": Select,
    "SwitchyardSwitch": Switch,
    "SwitchyardTemplateParameter": TemplateParameter,
    "SwitchyardTextParameter": TextParameter,
}
# The ids that shared workflow JSON uses. They join the mapping above unless another pack has them.
PLAIN_IDS = {
    "Compare": Compare,
    "ContentClassifier": ContentClassifier,
    "FaceDetectorDETR": FaceDetector,
    "QualityScore": QualityScore,
    "Switch": Switch,
    "TemplateParam": TemplateParameter,
}
NODE_DISPLAY_NAME_MAPPINGS = {node_id: node.DISPLAY_NAME for node_id, node in NODE_CLASS_MAPPINGS.items()}
WEB_DIRECTORY = "./web"
__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]

register(NODE_CLASS_MAPPINGS, PLAIN_IDS)
