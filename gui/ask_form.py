"""Who is asked for pairs, in which style, how many: the left pane of the SFT data tab."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.dataset_menu import DatasetMenu
from gui.dataset_picker import DatasetPicker
from gui.icon import icon
from gui.line_height import keep_lines
from gui.mix_dialog import MixDialog
from gui.model_pull import ModelPull
from gui.offer_dialog import OfferDialog, in_words
from gui.prompt_dialog import PromptDialog
from gui.setting_fields import SettingForm
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.jobs import Context
from services.sft_data.key import find_key, keep_key
from services.sft_data.mix import check_parts, parse_mix, parts_of, say_parts, share_out
from services.sft_data.prompt import SYSTEM_KEY, SYSTEM_PROMPT
from services.sft_data.provider import PROVIDERS, Offer, ProviderKind, make_provider
from services.sft_data.style import STYLES
from services.translation import _, ngettext

BY_HAND = ("provider", "model", "url", "style", "mix")


class ModelBox(QComboBox):
    """A list that is fetched when it is first opened; nothing is asked before.

    Signals:
        list_wanted: it was opened and knows of nothing to show.
    """

    list_wanted = Signal()

    def showPopup(self) -> None:
        if self.count():
            super().showPopup()
        else:
            self.list_wanted.emit()


class AskForm(QWidget):
    """
    Signals:
        dataset_changed(str): another dataset is chosen.
        changed: any setting is another.
    """

    dataset_changed = Signal(str)
    changed = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._has_key: dict[str, bool] = {}
        self._shown, self._places = "", dict[str, tuple[str, str]]()  # each provider's model and address, as typed
        self._offers: dict[str, Offer] = {}  # of the chosen provider, once it was asked
        self._saved_prompts = shell.knowledge_base.prompt_texts()
        self.form = SettingForm("generate", without=BY_HAND)
        self.form.more_button.setText(_("Prompts and more settings"))
        for key in BY_HAND:
            self.form.fields[key].set_visible(False)  # shown by parts of our own, or laid out below
        self._make_fields()
        self._lay_out()
        self.provider.currentIndexChanged.connect(self._show_provider)
        self.model.currentTextChanged.connect(self._take_model)
        self.list_button.clicked.connect(self.list_models)
        self.model.list_wanted.connect(self.list_models)
        self.pull_button.clicked.connect(self.pull_model)
        self.pull.got.connect(self._take_pulled)
        self.pull.ended.connect(self._enable_pull)
        self.prompts_button.clicked.connect(self._open_prompts)
        self.file_button.clicked.connect(self._choose_file)
        self.key_button.clicked.connect(self._keep_key)
        self.key.returnPressed.connect(self._keep_key)
        self.dataset.currentTextChanged.connect(self.dataset_changed)
        self.styles.idClicked.connect(self._choose_style)
        self.form.fields["pairs"].editor.valueChanged.connect(self._show_style)
        self.form.changed.connect(self.changed)
        self._show_style()
        self._show_provider()

    @property
    def kind(self) -> ProviderKind:
        """The chosen provider's row."""
        return PROVIDERS[self.provider.currentData()]

    def values(self) -> dict[str, Any]:
        """The settings of "generate", and the dataset.

        Raises:
            UserError: the dataset's name cannot be a file's name.
        """
        return {**self.form.values(), "dataset": self.dataset.name()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Take the settings of an earlier run; what no longer fits is left as it is."""
        if "style" in values:  # that style, and not the mix of now
            values = {"mix": "", **values}
        for key, value in values.items():
            try:
                self.form.set_values({key: value})
            except UserError:
                continue
        self.model.setCurrentText(self.form.fields["model"].value())
        self._show_style()

    def problem(self) -> str:
        """What is missing before anything can be asked, in one sentence; empty if nothing is."""
        try:
            self.values()
        except UserError as error:
            return str(error)
        kind = self.kind
        if kind.key == "llama-cpp" and not self.model.currentText().strip():
            return _("Choose a GGUF file.")
        if kind.needs_key and self._has_key.get(kind.key) is False:
            return _("{provider} needs a key.").format(provider=kind.label)
        try:
            values = self.form.values()
            check_parts(parts_of(values), values, self._saved_prompts)
        except UserError as error:
            return str(error)
        return ""

    def list_models(self) -> None:
        """Ask the provider for its models, in a thread."""
        if not self.list_button.isEnabled() or self.kind.key == "llama-cpp":
            return
        settings = self.form.values()
        self.list_button.setEnabled(False)
        self.model_note.setText(_("Asking {provider} for its models…").format(provider=self.kind.label))
        self.model_note.show()

        def ask(_emit: object, cancelled: Any) -> tuple[str, list[Offer]]:
            provider = make_provider(settings, Context(cancelled=cancelled))
            return settings["provider"], sorted(provider.offers(), key=lambda offer: offer.name.lower())

        thread = self._shell.run_beside(ask)
        thread.succeeded.connect(self._show_models)
        thread.failed.connect(self._show_model_failure)
        connect_end(thread, self._listed)

    def pull_model(self) -> None:
        """Have Ollama get the model that is named in the field."""
        name = self.model.currentText().strip()
        if not name:
            self._say_of_model(_("Write the model's name first, for instance llama3.2:3b; ollama.com/library lists them."))
            self.model.setFocus()
            return
        self.pull_button.setEnabled(False)
        self.model_note.hide()
        self.pull.pull(name, self.form.values())

    def _show_models(self, answer: tuple[str, list[Offer]]) -> None:
        provider, offers = answer
        if provider != self.kind.key:
            return
        self._offers = {offer.name: offer for offer in offers}
        names, current = list(self._offers), self.model.currentText()
        self.model.clear()
        self.model.addItems(names)
        has_prices = any(offer.price is not None for offer in offers)
        # What costs money is chosen by the person.
        self.model.setCurrentText(current or (names[0] if names and not has_prices else ""))
        if not names:
            self._say_of_model(
                _("Ollama has no model yet. Name one here, for instance llama3.2:3b, and get it.") if provider == "ollama"
                else _("The server lists no models.")
            )
        elif current not in self._offers or not in_words(self._offers[current]):
            count = len(names)
            self._say_of_model(
                ngettext("{count} model to choose from", "{count} models to choose from", count).format(count=count)
            )
        if has_prices:
            self._choose_offer(offers)

    def _choose_offer(self, offers: list[Offer]) -> None:
        """Hundreds of models with prices are no list to open in a field."""
        dialog = OfferDialog(offers, self.model.currentText(), self)
        dialog.accepted.connect(lambda: self.model.setCurrentText(dialog.chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take_pulled(self, name: str) -> None:
        if self.kind.key == "ollama":
            self.model.setCurrentText(name)
            self.list_models()

    def _enable_pull(self) -> None:
        self.pull_button.setEnabled(True)

    def _say_of_model(self, text: str) -> None:
        self.model_note.setText(text)
        self.model_note.setVisible(bool(text))

    def _show_model_failure(self, error: UserError) -> None:
        self.model_note.setText(str(error))

    def _listed(self, _outcome: object = None) -> None:
        self.list_button.setEnabled(True)

    def _make_fields(self) -> None:
        self.dataset = DatasetPicker(self._shell)
        self.dataset_menu = DatasetMenu(self._shell, self.dataset)
        self.provider = self.form.fields["provider"].editor
        self.provider.show()
        for key, word in (("workers", _("learnt")), ("budget", _("no limit"))):  # what 0 means
            self.form.fields[key].editor.setSpecialValueText(word)
        self.form.fields["provider"].set_choice_labels({kind.key: kind.label for kind in PROVIDERS.values()})
        self.provider_note = _note()
        self.model = ModelBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.model.setMinimumContentsLength(10)
        self.model.setAccessibleName(_("Model"))
        self.model.setToolTip(self.form.fields["model"].setting.help)
        self.model_note = _note()
        self.model_note.hide()
        self.list_button = QToolButton(icon=icon("reset"), toolTip=_("Ask the provider which models it has"))
        self.list_button.setAccessibleName(_("List the models"))
        self.file_button = QToolButton(icon=icon("folder"), toolTip=_("Choose a GGUF file"))
        self.file_button.setAccessibleName(_("Choose a GGUF file"))
        self.pull_button = QToolButton(
            icon=icon("import"), toolTip=_("Have Ollama get the model named here from its library, over the internet")
        )
        self.pull_button.setAccessibleName(_("Get this model"))
        self.pull = ModelPull(self._shell)
        self.prompts_button = QPushButton(icon("edit"), _("Prompts…"))
        self.prompts_button.setToolTip(_("Read and change what is asked, for this project: each style, the facts, the judge"))
        self.url = self.form.fields["url"].editor
        self.key = QLineEdit(echoMode=QLineEdit.EchoMode.Password)
        self.key.setAccessibleName(_("Key"))
        self.key_button = QPushButton(_("Keep"))
        self.key_button.setToolTip(_("Stores the key in the system's keyring, never in a file"))
        self.key_note = _note()
        self.styles = QButtonGroup(self)
        self.style_note = _note()
        for number, style in enumerate(STYLES.values()):
            button = QRadioButton(style.label)
            button.setToolTip(style.help)
            button.setAccessibleDescription(style.help)
            self.styles.addButton(button, number)
        self.mix_button = QRadioButton(_("Mix of styles…"))
        self.mix_button.setToolTip(self.form.fields["mix"].setting.help)
        self.mix_button.setAccessibleDescription(self.form.fields["mix"].setting.help)
        self.styles.addButton(self.mix_button, len(STYLES))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        self.model_label, self.url_label, self.key_label = QLabel(_("Model")), QLabel(_("Address")), QLabel(_("Key"))
        rows: list[tuple[QLabel | None, QWidget, list[QWidget]]] = [
            (QLabel(_("Dataset")), self.dataset, [self.dataset_menu]),
            (QLabel(_("Provider")), self.provider, []),
            (None, self.provider_note, []),
            (self.model_label, self.model, [self.list_button, self.pull_button, self.file_button]),
            (None, self.model_note, []),
            (None, self.pull, []),
            (self.url_label, self.url, []),
            (self.key_label, self.key, [self.key_button]),
            (None, self.key_note, []),
        ]
        for number, (label, field, beside) in enumerate(rows):
            if label is not None:
                label.setBuddy(field)
                grid.addWidget(label, number, 0)
            field.setSizePolicy(QSizePolicy.Policy.Ignored, field.sizePolicy().verticalPolicy())
            place = QHBoxLayout()
            place.setSpacing(4)
            place.addWidget(field, 1)
            for widget in beside:
                place.addWidget(widget)
            grid.addLayout(place, number, 1)
        style_label = QLabel(_("Style"))
        grid.addWidget(style_label, len(rows), 0, Qt.AlignmentFlag.AlignTop)
        style_column = QVBoxLayout()
        style_column.setSpacing(2)
        for button in self.styles.buttons():
            style_column.addWidget(button)
        style_column.addWidget(self.style_note)
        style_column.addWidget(self.prompts_button, alignment=Qt.AlignmentFlag.AlignLeft)
        # The longest help decides the height, so that another style does not move what is below.
        keep_lines(self.style_note, 2)
        grid.addLayout(style_column, len(rows), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.PAD)
        column.addLayout(grid)
        column.addWidget(self.form)
        column.addStretch()

    def _show_provider(self) -> None:
        kind = self.kind
        self.provider_note.setText(kind.help)
        is_file = kind.key == "llama-cpp"
        for widget in (self.model_label, self.model):
            widget.setVisible(kind.needs_model)
        self.model_label.setText(_("File") if is_file else _("Model"))
        self.list_button.setVisible(kind.needs_model and not is_file)
        self.pull_button.setVisible(kind.key == "ollama")
        self.prompts_button.setVisible(kind.needs_model)
        self.pull.forget()
        self._offers = {}
        self.file_button.setVisible(is_file)
        self.model_note.hide()
        for widget in (self.url_label, self.url):
            widget.setVisible(kind.has_url and not kind.needs_key)
        self.url.setPlaceholderText(kind.default_url)
        for widget in (self.key_label, self.key, self.key_button, self.key_note):
            widget.setVisible(bool(kind.key_variable))
        self._recall_place(kind.key)
        if kind.key_variable:
            self._look_for_key(kind.key)
        self.changed.emit()

    def _recall_place(self, provider: str) -> None:
        """Model and address belong to their provider: with another one's address its key would be sent elsewhere."""
        if self._shown:
            self._places[self._shown] = self.model.currentText(), self.url.text()
        self._shown = provider
        model, url = self._places.get(provider, ("", ""))
        self.model.clear()
        self.model.setCurrentText(model)  # an editable list without rows keeps its text when it is cleared
        self.url.setText(url)

    def _look_for_key(self, provider: str) -> None:
        """The keyring may ask the person to unlock it, so it is asked in a thread."""
        self.key_note.setText("")
        thread = self._shell.run_beside(lambda _emit, _cancelled: (provider, bool(find_key(provider))))
        thread.succeeded.connect(self._show_key)

    def _show_key(self, answer: tuple[str, bool]) -> None:
        provider, has_key = answer
        self._has_key[provider] = has_key
        if provider == self.kind.key:
            self.key.setPlaceholderText(_("There is a key") if has_key else _("Paste the key here"))
            needs = _("Needed before anything can be asked.") if self.kind.needs_key else _("Only if the server asks for one.")
            self.key_note.setText("" if has_key else needs)
        self.changed.emit()

    def _keep_key(self) -> None:
        key, provider = self.key.text().strip(), self.kind.key
        if not key:
            return
        self.key.clear()
        thread = self._shell.run_beside(lambda _emit, _cancelled: (provider, keep_key(provider, key)))
        thread.succeeded.connect(self._show_kept_key)

    def _show_kept_key(self, answer: tuple[str, bool]) -> None:
        provider, is_kept = answer
        self._show_key((provider, True))
        if provider == self.kind.key:
            self.key_note.setText(
                _("Kept in the system's keyring.") if is_kept
                else _("This system has no keyring: the key is forgotten when the program closes.")
            )

    def _take_model(self, name: str) -> None:
        self.form.fields["model"].set_value(name.strip())
        if offer := self._offers.get(name.strip()):
            self._say_of_model(in_words(offer))

    def _choose_file(self) -> None:
        path, _filter = QFileDialog.getOpenFileName(self, _("GGUF file"), filter=_("GGUF models (*.gguf)"))
        if path:
            self.model.setCurrentText(path)

    def _choose_style(self, number: int) -> None:
        if self.styles.button(number) is self.mix_button:
            self._open_mix()
            return
        self.form.set_values({"style": list(STYLES)[number], "mix": ""})
        self._show_style()

    def _open_mix(self) -> None:
        """Ask for the shares; without an answer everything stays as it was."""
        style, mix = self.form.fields["style"].value(), self._mix()
        dialog = MixDialog(mix or {style: 1}, self.form.fields["pairs"].value(), self)
        dialog.accepted.connect(lambda: self.form.set_values({"mix": dialog.mix}))
        dialog.finished.connect(self._show_style)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _mix(self) -> dict[str, int]:
        """The shares as they are set; empty where there is one style only."""
        try:
            return parse_mix(self.form.fields["mix"].value())
        except UserError:  # of an earlier run, or of the command line
            return {}

    def _show_style(self, _changed: object = None) -> None:
        style, mix = STYLES[self.form.fields["style"].value()], self._mix()
        (self.mix_button if mix else self.styles.button(list(STYLES).index(style.key))).setChecked(True)
        self.style_note.setText(say_parts(share_out(mix, self.form.fields["pairs"].value())) if mix else style.help)
        self.form.fields["prompt"].editor.setPlaceholderText(self._saved_prompts.get(style.key) or style.prompt)
        self.form.fields["system_prompt"].editor.setPlaceholderText(self._saved_prompts.get(SYSTEM_KEY) or SYSTEM_PROMPT)

    def _open_prompts(self) -> None:
        dialog = PromptDialog(self._shell.knowledge_base, self._take_prompts, self.form.fields["style"].value(), self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take_prompts(self) -> None:
        self._saved_prompts = self._shell.knowledge_base.prompt_texts()
        self._show_style()
        self.changed.emit()


def _note() -> QLabel:
    note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    theme.set_role(note, "caption")
    return note
