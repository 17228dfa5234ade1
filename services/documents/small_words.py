"""The most frequent small words of languages that share a script, most frequent first, in lower case.

ISO 639-1 codes; "hr" stands for Croatian, Bosnian and Serbian in Latin letters, "id" for Indonesian and Malay.
"""

SMALL_WORDS: dict[str, str] = {
    "en": (
        "the of and to in a is that it for was as with be by on not he his but at are this have from or had an they "
        "which one you were all her she there would their we him been has when who will no more if out so what up its "
        "about than into them can only other time new some could these two may then do first any my now such like our "
        "over me even most made after also did many off before must well should because each how those"
    ),
    "de": (
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
        "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur "
        "bis mehr durch man sein wurde sei hatte kann gegen vom können schon wenn habe seine ihre dann unter wir soll "
        "ich eines jahr zwei jahren diese dieser wieder keine seiner worden will zwischen immer was sagte jedoch alle "
        "kein dazu muss ihr ihm ihn jeder"
    ),
    "fr": (
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou son "
        "lui nous comme mais on tout sa fait été aussi leur bien peut ces y deux cette elle être avoir aux ont même "
        "sans dont était vous je si ses entre où encore depuis autres après moins très contre tous toute toutes ainsi "
        "donc ils elles leurs cela faire celui nos votre chaque lorsque car notre quand quelque afin"
    ),
    "es": (
        "de la que el en y a los del se las por un para con no una su al lo como más o pero sus le ha me si sin sobre "
        "este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué "
        "sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora cada vida "
        "otro después te otros aunque esa eso hace otra tan durante siempre día tanto ella sí sido según menos estos "
        "estas toda persona nadie e"
    ),
    "pt": (
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
        "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos "
        "ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos havia "
        "seja qual será nós tenho lhe deles essas esses pelas este dele todo toda pessoa são ninguém tudo sobre pode "
        "direito cada"
    ),
    "it": (
        "di e il la che in a per un del è della i le si con non una da sono dei alla nel al più come ha gli lo delle "
        "anche ma nella su dal ed se o questo stato due ci era dalla degli suo ai anni sua loro ad essere cui tra "
        "quando prima hanno chi quello solo così dopo questa dello mi molto fra tutti poi già fu può dai sulla "
        "proprio ancora ogni perché senza nei sul alle nelle suoi fatto fare quindi mentre dell all nell deve tutto "
        "individuo diritto nessun sia"
    ),
    "nl": (
        "de van een het en in is dat op te zijn met voor die niet aan er om ook als dan maar bij nog uit door over ze "
        "zich hij tot werd wordt naar heeft hebben deze meer kan of was worden al wel geen kunnen haar moet veel dit "
        "je had waar we hun zou want zo nu tegen onder ik men tussen andere alle twee wat ons jaar na toen omdat "
        "zonder mensen bent uw moeten iedere waarin indien ieder zal zodat hem"
    ),
    "sv": (
        "och i att det som en på är av för med den till inte har de om ett han men var jag sig från vi så kan när man "
        "år under också efter eller nu sin där vid mot ska skulle hade hur alla andra mycket än ut upp ha bli blir "
        "över kommer vara vad få utan denna detta dessa sina mellan får vill varje genom rätt bara sedan hon hans dem "
        "blev samt måste någon något oss ej må skall envar äger enligt sådan"
    ),
    "da": (
        "og i at det er en til af på der som de med for den ikke et har om var fra han men sig jeg så kan vi år ved "
        "nu også under efter eller når havde hun hvor ud over skal sin blev mod kun vil være op mange bliver da hans "
        "have alle meget noget andre denne dette mellem været disse mere blive ind selv vore enhver uden os hvis "
        "måtte ethvert eget nogen må sit hver både kunne ingen bør thi"
    ),
    "no": (
        "og i det er på som en til å av for at med de den har ikke et om var fra han men seg jeg så kan vi år ved nå "
        "også under etter eller når hadde hun hvor ut over skal sin ble mot bare vil være opp mange blir da hans ha "
        "alle mye noe andre denne dette mellom vært disse mer bli inn selv våre enhver uten oss hvis sitt blitt både "
        "fram gjennom samme dem noen ingen må sine hver slik kunne rett"
    ),
    "is": (
        "og að í á er sem það til um við með en ekki var af hann fyrir því eru þess ég hafa þá hefur þeir eða vera "
        "frá hún svo mér verið voru upp þetta þeirra allir skal eigi hver rétt sér sinni manna maður menn þegar úr "
        "eins vegna hafi verður kom sú"
    ),
    "fi": (
        "ja on ei se että oli joka hän mutta ovat kun niin myös mukaan kuin sen vain hänen sekä tai jos ole ollut jo "
        "nyt siitä sitä voi vuonna kanssa ne sitten minä mitä olla tämä mikä tämän jälkeen vielä eli kaikki jotka "
        "joita tulee oikeus jokaisella ihmisen ilman tässä olisi olen siinä kuitenkin noin jonka minkä sillä ettei "
        "tulisi häntä tätä voidaan pitää yli aina ennen hyvin miten"
    ),
    "et": (
        "ja on ei et see oli mis kui ka ta ning seda aga või oma kes selle siis välja nii olla sest nagu mida üle "
        "aasta kuid ainult pole veel üks kõik mille juba vaid tema kus väga sellest poolt igal inimesel õigus inimene "
        "peab ega võib iga kellel samuti tuleb vastu ilma olema teiste isik ole kas saab olid nende need sisestage "
        "palun"
    ),
    "lv": (
        "un ir ka no ar par uz tas to lai bet kā tika viņš pēc gan nav arī vai bija kas es tiek pie ja tikai jau vēl "
        "ļoti kad tā šo viņa kur būt līdz šī šis tie pa katram cilvēkam tiesības ikvienam savu jebkuru bez viņu savas "
        "nedrīkst ievadiet visi tiem starp nevar var"
    ),
    "lt": (
        "ir kad yra į iš su tai bet kaip buvo o apie už jo po tik ar dėl jis jau jie nuo prie nes per taip ne jos "
        "metų savo labai kas be dar jų galima arba turi teisę kiekvienas žmogus jeigu gali tuo kai būti bei pagal šis "
        "ši kurie negali visi nė vienas prieš tarp įveskite turėti šią"
    ),
    "pl": (
        "i w na z do się nie że jest to o jak po za od a co ale przez dla tym był tego ma są już tak oraz ze jego czy "
        "może być było która które który ich tylko również roku go bardzo jej przed także ten ta jako gdy lub pod nad "
        "prawo każdy człowiek więc nich tej mnie aby bez jeśli będzie jednak gdzie kiedy nikt należy swego te "
        "wszystkie między można musi innych swoich"
    ),
    "cs": (
        "a v se na je že s z o do ve to i ke by za si k jsou jako po ale od pro které která který jeho aby nebo však "
        "tak při bylo byl co už také až má než jen jsem může ze ještě tím nejsou být před jejich není svého mezi pod "
        "pokud právo každý kdo ani podle musí nesmí všichni bez jak kde když tato tento toto byla tomu či proto mohou "
        "své svou jí jim"
    ),
    "sk": (
        "a v sa na je že s z o do vo to i k by za si ako po ale od pre ktoré ktorá ktorý jeho aby alebo však tak pri "
        "bolo bol čo už aj až má než len som môže zo ešte tým nie sú byť pred ich každý právo ani podľa musí nesmie "
        "všetci bez kde keď táto tento toto bola či preto sme ktorej môžu svoje svojej medzi iné prosím slobody"
    ),
    "sl": (
        "in je v na se za da so z pa ki ne bi s tudi po kot bil ali sem le ni to bo še kako od pri do iz kar zaradi "
        "lahko njegov bila bilo vse med že bolj ko tega tako jih ga biti vsak pravico vsakdo ima imajo brez mora "
        "svoje nihče svobode človek njegove če kjer kadar samo zelo pred vendar mu smo ta te niso sme vsi katere "
        "kateri"
    ),
    "hr": (
        "i u je se na da za su od a s o kao koji koja koje što nije ne iz ili sa do biti bi po kako te jer ali samo "
        "bio bila bilo već ima njegov sve ovo ovaj više može prema između svoje svog pravo svatko svako imaju nitko "
        "niko mora bez svoju kada gdje gde toga također takođe će treba ljudi moraju tako njihove ni bude nego "
        "sloboda čovek tko ko nakon"
    ),
    "hu": (
        "a az és hogy nem is egy ez csak de meg van mint volt már el még ha vagy azt minden mert ki ezt azonban lehet "
        "úgy kell sem nagyon olyan ezek után amely több pedig mi ember egyik között szerint joga kellő ami való más "
        "nincs legyen személy ne magyar ilyen így vannak aki ezen jogát alatt ellen kerül nélkül senkit továbbá által "
        "annak ahol lesz miatt"
    ),
    "ro": (
        "de și în a la cu care pe o din nu că să este un mai se pentru sunt ce au prin fost al ale lui sau ca dar lor "
        "după între fi cel ei dacă sa avea fără cea orice avut său despre foarte cum are această acest până unei unui "
        "ne toate când persoană drept dreptul oricare trebuie fie nici nimeni astfel sale ai fiecare asupra numai "
        "poate către aceste decât ar putea"
    ),
    "ca": (
        "de la i el que a en els del les un per és amb una al no es va com més ha o seu però són aquest als pel dels "
        "tot també seva entre fins aquesta han quan ser hi ja on sobre sense tota persona té dret li si ell ni pot "
        "cada altres això perquè molt d l s n tots ningú llur seus fou ésser segons després així havia qualsevol "
        "totes aquests aquestes"
    ),
    "tr": (
        "ve bir bu da de için ile olarak çok daha olan gibi en kadar ne var o ama sonra her ki mi diye değil ya "
        "olduğu olduğunu ise göre ben oldu kendi tarafından içinde önce hiç şey veya yok büyük bütün hakkı herkesin "
        "hakkına sahiptir şahıs herkes kimse sadece ancak üzere olmak bunu nasıl eden ilk iki zaman yeni lütfen "
        "olması bunun edilir geçerli"
    ),
    "id": (
        "yang dan di dengan untuk pada dari ini dalam tidak adalah itu ke akan oleh dapat juga sebagai atau karena "
        "telah bahwa ada lebih mereka saya kami kita ia dia orang tersebut bisa sudah hanya satu seperti setiap "
        "berhak atas harus hak serta tanpa antara saat lain secara anda banyak semua para hal bagi sangat namun tahun "
        "belum masih jika ketika maka pun hendaklah adanya sama boleh mana sesuatu"
    ),
    "vi": (
        "và của là có được cho không trong các một những với người đã khi này để ở đến cũng về như từ ra thì vào đó "
        "nhiều phải hay lại còn mà trên tôi sẽ bị theo mọi quyền do đều sự hoặc nếu bằng nhân nước họ năm rất nào cả "
        "nên việc tự thể sau ai qua đang hơn chỉ anh lên"
    ),
    "eu": (
        "eta da ez du bat dira izan zen ere dute den egin bere baina dela edo hau horrek duen dituzte behar beste "
        "gizon pertsona guztiek eskubidea dauka izango hori zuen bezala guzti oro ziren dago nahiz baino gabe ditu "
        "bai arte egiteko bidez ezin dagoen hartu osorik bakoitzak"
    ),
    "sq": (
        "dhe të në e për një që me i nga se është nuk si ka së më do ky kjo janë u por edhe ose tij këtë duhet kanë "
        "mund çdo gjithë njeri drejtë drejtën asnjë tyre pa sipas cili kur ishte vet ai ajo sa te deri ndër atë "
        "kundër ju lutem"
    ),
    "sw": (
        "ya na wa kwa ni katika za la kuwa cha hii ambayo watu haki kila mtu yake ana au huu hiyo bila kama hilo "
        "yoyote hayo wote yeye nchi si lakini pia wake hivyo ili zake mwenye huyo ajili sana wao anayo hizi kutoka "
        "baada vya wakati yao ambao tu"
    ),
    "af": (
        "die van en in is het dat te vir op met nie wat by as aan n sy deur om hy ook was kan hulle tot een ons maar "
        "word hierdie sal ek daar uit of wees meer moet oor jy haar elke iedere enige reg almal geen gebruik sonder "
        "wie hom indien onder tussen so baie asseblief"
    ),
    "ru": (
        "и в не на что с он как по это к но из у за то от его же для все о так мы бы а вы она они был только ещё еще "
        "или быть при было если до уже может чтобы этого ни когда даже после их каждый человек имеет право том "
        "который которые без должен также ему никто со свои есть нет где более между во мне всех своих эта этот эти "
        "можно лишь должны него этом время себя под перед"
    ),
    "uk": (
        "і в не на що з та як у до за його але від це для по він про є або із так вони ми буде бути був також під час "
        "які який яка їх при коли має право кожен кожна людина людини без може щоб вже ні й якщо було тільки більше "
        "цього ще її повинні повинна через після свою своєї нею ніхто між всі всіх перед лише де цей ця ці те інших "
        "йому я там дуже"
    ),
    "bg": (
        "на и да в се за е от не са с по като че това до си който които а ще или при към тази след има му със може "
        "бъде само но още както този бил беше те тя той една един право всеки всички без трябва им човек никой своите "
        "което която между ние го ги във ли тези ако когато много повече също чрез така защото било моля"
    ),
    "be": (
        "і ў не на з што да як за яго але ад гэта для па ён аб або са так яны мы быць быў таксама пад які якія іх пры "
        "калі мае права кожны чалавек без можа каб ужо ні было толькі больш гэтага яшчэ яе павінны пасля свае сваёй "
        "ніхто між усе дзе гэты гэтай гэтыя вельмі іншых сваіх яму ці ва"
    ),
    "sr": (
        "и у је се на да за су од а с о као који која које што није не из или са до бити би по како те јер али само "
        "био била било већ има његов све ово овај више може према између своје свог право свако имају нико мора без "
        "своју када где тога такође ће треба људи тако њихове ни буде него човек ко после овог"
    ),
    "mk": (
        "и на во да се од за со не е што го ги како по ќе но има кој која кои тој тоа до или при овој оваа овие биде "
        "може без меѓу само сите секој човек право треба нивните своите ниту врз под еден една ја им му сè кога "
        "според други бил била било своја тие таа повеќе"
    ),
    "kk": (
        "және мен бұл бар үшін бір де да деп осы еді ол болып бойынша емес әр адам құқығы керек құқылы өз оның болған "
        "барлық мүмкін арқылы кейін туралы немесе жоқ екі қандай тиіс ие болуға басқа олар сол бола алмайды"
    ),
    "ar": (
        "في من على إلى أن التي عن لا ما هذا هذه الذي مع كان أو كل قد بين ذلك بعد لم أي عند ان حتى غير كما هو هي ولا "
        "حق له لكل شخص فرد الحق منه وقد ثم إذا فيه عليه إن يكون دون أية إلا تم لها يجب وفي أمام كانت وهو به حيث بها "
        "فيها لهم نحو"
    ),
    "fa": (
        "و در به از که این را با است برای آن یک خود تا کرد بر هم نیز گفت می شود شد او ما اما یا باید همه دارد حق هر "
        "کس هیچ شده بود دو می‌شود کند نمی وی آنها بین اینکه دیگر دارند مورد خواهد اگر شما باشد کنند ای نباید حقوق اش "
        "چه نمی‌توان هایی"
    ),
    "ur": (
        "کے کی میں کا اور ہے سے کو نے پر کہ یہ ہیں بھی اس ایک تھا وہ ان جو نہیں تو ہو کر ہر شخص حق یا کسی ہی گا لئے "
        "لیے ہوئے کرنے تک اپنے تھے ہوتا کیا جائے جس اپنی اسے بعد ساتھ گی وہاں والے ہوں دیا کوئی"
    ),
    "hi": (
        "के में की है और से का को पर ने यह एक भी कि इस ही नहीं हैं तो कर था जो या वह लिए अपने हो उस किया गया साथ तक "
        "प्रत्येक व्यक्ति अधिकार करने किसी कोई उसे द्वारा अपनी रूप होगा बाद जा सकता दिया जाता उनके उन हुए थे थी तथा"
    ),
    "mr": (
        "आणि आहे या व ते की तो हा ही हे नाही आहेत पण मी केली केले होते त्या होता करण्यात येईल असे तर एक किंवा "
        "प्रत्येक व्यक्तीला अधिकार त्याच्या कोणत्याही त्यांच्या असल्याने झाली झाले म्हणून मात्र काही सर्व होती त्याला "
        "असा आपल्या येते करून करण्याचा कोणासही तसेच"
    ),
    "ne": (
        "र को छ मा का गर्न भएको यो हो एक पनि ले लाई वा हुने छैन गरेको गर्ने प्रत्येक व्यक्तिलाई अधिकार हुनेछ कुनै "
        "आफ्नो तथा भने यस त्यस हुन गरी सबै भन्ने थियो उनले गरिएको छन् लागि कि साथ गरिने रहेको अरु त्यो"
    ),
}
