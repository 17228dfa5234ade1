"""Languages by their script and their small words: right where it is sure, silent where it is not."""

import pytest

from services.documents.language import language_of

PARAGRAPHS = {
    "en": "The keeper of the lighthouse feeds the grey geese every morning and writes the number of ships in a book. "
    "Her name is Nell, and there is nobody on the island who does not know her.",
    "de": "Die Wärterin des Leuchtturms füttert jeden Morgen die grauen Gänse und schreibt die Zahl der Schiffe in ein "
    "Buch. Sie heißt Nell, und es gibt niemanden auf der Insel, der sie nicht kennt.",
    "fr": "La gardienne du phare nourrit chaque matin les oies grises et note le nombre des bateaux dans un livre. Elle "
    "s'appelle Nell, et il n'y a personne sur l'île qui ne la connaisse pas.",
    "es": "La guardiana del faro da de comer cada mañana a los gansos grises y apunta en un libro el número de los "
    "barcos. Se llama Nell, y no hay nadie en la isla que no la conozca desde hace años.",
    "pt": "A guardiã do farol dá de comer aos gansos cinzentos todas as manhãs e escreve num livro o número de navios. "
    "Chama-se Nell, e não há ninguém na ilha que não a conheça há muitos anos.",
    "it": "La guardiana del faro dà da mangiare ogni mattina alle oche grigie e scrive in un libro il numero delle navi. "
    "Si chiama Nell, e non c'è nessuno sull'isola che non la conosca da anni.",
    "nl": "De vuurtorenwachter voert elke ochtend de grauwe ganzen en schrijft het aantal schepen in een boek. Zij heet "
    "Nell, en er is niemand op het eiland die haar niet kent of niet van haar heeft gehoord.",
    "sv": "Fyrvaktaren matar de grå gässen varje morgon och skriver antalet fartyg i en bok. Hon heter Nell, och det "
    "finns ingen på ön som inte känner henne eller som inte har hört talas om hennes bok.",
    "da": "Fyrpasseren fodrer de grå gæs hver morgen og skriver antallet af skibe i en bog. Hun hedder Nell, og der er "
    "ikke nogen på øen, som ikke kender hende eller ikke har hørt noget om hendes bog.",
    "fi": "Majakanvartija ruokkii harmaat hanhet joka aamu ja kirjoittaa laivojen määrän kirjaan. Hänen nimensä on Nell, "
    "eikä saarella ole ketään, joka ei tuntisi häntä, sillä hän on ollut siellä jo kauan.",
    "pl": "Latarniczka karmi co rano szare gęsi i zapisuje liczbę statków w książce. Nazywa się Nell i nie ma na wyspie "
    "nikogo, kto by jej nie znał, bo jest tam już od wielu lat i nigdy nie była gdzie indziej.",
    "cs": "Strážkyně majáku každé ráno krmí šedé husy a zapisuje počet lodí do knihy. Jmenuje se Nell a na ostrově není "
    "nikdo, kdo by ji neznal, protože je tam už mnoho let a nikdy nebyla nikde jinde.",
    "tr": "Deniz feneri bekçisi her sabah boz kazları besler ve gemilerin sayısını bir deftere yazar. Adı Nell ve adada "
    "onu tanımayan hiç kimse yok, çünkü çok uzun zamandan beri orada ve bu iş için her şey demek.",
    "id": "Penjaga mercusuar memberi makan angsa kelabu setiap pagi dan menulis jumlah kapal dalam sebuah buku. Namanya "
    "Nell, dan tidak ada orang di pulau itu yang tidak mengenal dia karena sudah lama tinggal di sana.",
    "vi": "Người giữ hải đăng cho những con ngỗng xám ăn vào mỗi buổi sáng và ghi số lượng tàu vào một cuốn sách. Tên của "
    "cô ấy là Nell và mọi người trên đảo đều biết cô ấy.",
    "ru": "Смотрительница маяка каждое утро кормит серых гусей и записывает в книгу, сколько было кораблей. Её зовут "
    "Нелл, и на острове нет никого, кто бы её не знал, потому что она там уже много лет.",
    "uk": "Доглядачка маяка щоранку годує сірих гусей і записує до книги, скільки було кораблів. Її звати Нелл, і на "
    "острові немає нікого, хто б її не знав, тому що вона там уже багато років.",
    "el": "Η φαροφύλακας ταΐζει κάθε πρωί τις γκρίζες χήνες και γράφει τον αριθμό των πλοίων σε ένα βιβλίο.",
    "ar": "تطعم حارسة المنارة الإوز الرمادي كل صباح وتكتب عدد السفن في كتاب. اسمها نيل ولا يوجد في الجزيرة من لا يعرفها، "
    "لأن كل من كان على هذه الجزيرة قد سمع عن الكتاب الذي كتبته.",
    "fa": "نگهبان فانوس دریایی هر روز صبح به غازهای خاکستری غذا می‌دهد و شمار کشتی‌ها را در یک کتاب می‌نویسد. نام او نل "
    "است و هیچ کس در جزیره نیست که او را نشناسد، زیرا او از سال‌ها پیش در آن جا بوده است.",
    "hi": "प्रकाशस्तंभ की रखवाली करने वाली हर सुबह भूरे हंसों को खाना खिलाती है और जहाजों की संख्या एक किताब में लिखती है। "
    "उसका नाम नेल है और द्वीप पर ऐसा कोई नहीं है जो उसे न जानता हो।",
    "zh": "灯塔的守护人每天早晨喂灰色的大雁，并在书中记下船的数量。她的名字叫内尔，岛上的人都认识她！",
    "ja": "灯台守は毎朝灰色のガチョウに餌をやり、船の数を本に書き留めます。彼女の名前はネルです。",
    "ko": "등대지기는 매일 아침 회색 거위에게 먹이를 주고 배의 수를 책에 적습니다. 그녀의 이름은 넬입니다.",
    "th": "คนเฝ้าประภาคารให้อาหารห่านสีเทาทุกเช้าและจดจำนวนเรือลงในสมุด ชื่อของเธอคือเนลล์และทุกคนบนเกาะรู้จักเธอ",
    "he": "שומרת המגדלור מאכילה את האווזים האפורים כל בוקר ורושמת את מספר האוניות בספר. שמה נל.",
}


@pytest.mark.parametrize("language", PARAGRAPHS)
def test_a_paragraph_is_told(language: str):
    assert language_of(PARAGRAPHS[language]) == language


@pytest.mark.parametrize("language", PARAGRAPHS)
def test_headings_case_and_marks_make_no_difference(language: str):
    assert language_of("## 12. *\n\n" + PARAGRAPHS[language].upper()) == language


@pytest.mark.parametrize(
    "text",
    ["", "\n", "Nell Harrow", "OK", "3.14 2.71 1.41 " * 40, "| --- | --- |\n" * 20, "🦆🎉 " * 30, "Norrholm " * 30,
     "qwxz vbnrt plmk zzrt " * 20],
)  # fmt: skip
def test_it_is_silent_where_it_is_not_sure(text: str):
    assert language_of(text) == ""


def test_code_in_fences_is_not_looked_at():
    code = "```python\nfor the in this or that and not other: if is the in that: return with the\n```\n"
    assert language_of(code * 3 + PARAGRAPHS["de"]) == "de"


def test_a_foreign_name_or_phrase_does_not_change_the_language():
    text = PARAGRAPHS["de"] + " Das Buch heißt “The Number of the Ships”, auf Chinesisch 船的数量."
    assert language_of(text) == "de"
