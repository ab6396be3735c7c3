"""What sites write on links to the next and the previous post, in many languages: tables, and nothing else.

Each paragraph of `LANGUAGES` is one language: words for next | words for previous | words for newer | words for older
| nouns, each list separated by commas. Every word is combined with every noun, before and after it, so that inflection
only has to be right for the pairs that occur; a pair that no site writes costs one dictionary entry.
"""

from __future__ import annotations

LANGUAGES = """
next | previous, prev, preceding, prior | newer, more recent | older | post, article, entry, story, item, chapter, blog,
blog post, news, news item, news story, news article, topic, episode, review, recipe, project, lesson, issue,
press release, publication, comic, event, in series, in blog

nächster, nächste, nächstes, nächsten, nächstem, naechster, naechste, naechstes, folgender, folgende, folgendes,
nachfolgender, nachfolgende, nachfolgendes, zum nächsten
| vorheriger, vorherige, vorheriges, vorherigen, voriger, vorige, voriges, vorhergehender, vorhergehende,
vorhergehendes, vorangegangener, zum vorherigen | neuerer, neuere, neueres, neuer | älterer, ältere, älteres, älter
| beitrag, artikel, post, eintrag, meldung, nachricht, news, blogbeitrag, blogpost, blogartikel, blogeintrag, text,
kapitel, folge, episode, geschichte, thema, rezept, projekt, veranstaltung, rezension, pressemitteilung, story, bericht

suivant, suivante, prochain, prochaine | précédent, précédente, precedent, precedente | plus récent, plus récente
| plus ancien, plus ancienne | article, billet, message, post, actualité, publication, note, chapitre, épisode, brève,
actu, l'article, le billet, news

siguiente, próximo, próxima, proximo, proxima | anterior, previo, previa
| más reciente, mas reciente, más nueva, más nuevo | antigua, antiguo, más antigua, más antiguo
| entrada, artículo, articulo, post, noticia, publicación, nota, capítulo, historia, mensaje, episodio

próximo, próxima, seguinte | anterior | mais recente, mais nova | mais antiga, mais antigo, antiga, antigo
| postagem, post, artigo, notícia, publicação, matéria, mensagem, texto, capítulo, episódio, entrada

successivo, successiva, seguente, prossimo, prossima | precedente | più recente, piu recente, più nuovo
| più vecchio, più vecchia, meno recente | articolo, post, notizia, messaggio, capitolo, episodio, storia, l'articolo

volgende, volgend | vorige, vorig | nieuwere, nieuwer | oudere, ouder
| bericht, artikel, post, verhaal, item, nieuwsbericht, blog, hoofdstuk, nieuws

następny, następna, następne, kolejny, kolejna | poprzedni, poprzednia, poprzednie | nowszy, nowsza | starszy, starsza
| wpis, artykuł, post, news, rozdział, odcinek, aktualność, tekst

следующая, следующий, следующее | предыдущая, предыдущий, предыдущее | более новая, более новое, более поздняя
| более старая, более старое, более ранняя | запись, статья, новость, пост, публикация, сообщение, глава, материал

další, následující, příští | předchozí, předešlý, předcházející | novější | starší
| příspěvek, článek, zpráva, zápis, aktualita, kapitola, díl

ďalší, nasledujúci, nasledovný | predchádzajúci, predošlý | novší | starší | príspevok, článok, správa

nästa, följande | föregående, förra | nyare, senare | äldre, tidigare
| inlägg, artikel, post, nyhet, blogginlägg, kapitel

næste, neste | forrige, foregående | nyere | ældre, eldre | indlæg, innlegg, artikel, artikkel, opslag, nyhed, nyhet

seuraava | edellinen | uudempi | vanhempi | artikkeli, viesti, teksti, kirjoitus, julkaisu, uutinen

sonraki, bir sonraki | önceki, bir önceki | daha yeni | daha eski
| yazı, kayıt, haber, makale, gönderi, yayın, içerik, konu

következő | előző | újabb | régebbi | bejegyzés, cikk, hír, írás

următorul, următoarea, următor | precedentul, precedenta, anterior, anterioară | mai nouă, mai nou
| mai veche, mai vechi | articol, articolul, postare, postarea, știre, știrea

наступний, наступна, наступне | попередній, попередня, попереднє | новіший, новіша | старіший, старіша
| запис, стаття, новина, допис, публікація

следващ, следваща | предишен, предишна, предходен | по-нова | по-стара | публикация, статия, новина

sljedeći, sljedeća, slijedeći, sledeći, naslednji | prethodni, prethodna, prejšnji | noviji, novija | stariji, starija
| članak, post, objava, vijest, prispevek

επόμενο, επόμενη | προηγούμενο, προηγούμενη | νεότερη, νεότερο | παλαιότερη, παλαιότερο | άρθρο, ανάρτηση, δημοσίευση

següent | anterior | més recent | més antiga, més antic | entrada, article, apunt

selanjutnya, berikutnya | sebelumnya | lebih baru | lama, lebih lama | pos, artikel, postingan, berita, entri

tiếp theo, kế tiếp | trước, trước đó | mới hơn | cũ hơn | bài, bài viết, bài đăng
"""

# Written without spaces, in one word, or with a noun of their own.
NEXT_POST = """
次の記事, 次の投稿, 次のエントリー, 次の記事へ, 下一篇, 下一篇文章, 下一篇博文, 下一則, 后一篇, 後一篇, 다음 글,
다음글, 다음 기사, 다음 포스트, 다음 게시물, المقالة التالية, الموضوع التالي, الخبر التالي, المقال التالي, نوشته بعدی,
مطلب بعدی, הפוסט הבא, nachfolgebeitrag, folgebeitrag, folgeartikel, בפוסט הבא
"""
PREVIOUS_POST = """
前の記事, 前の投稿, 前のエントリー, 前の記事へ, 上一篇, 上一篇文章, 上一篇博文, 上一則, 前一篇, 이전 글, 이전글,
이전 기사, 이전 포스트, المقالة السابقة, الموضوع السابق, الخبر السابق, المقال السابق, نوشته قبلی, مطلب قبلی,
הפוסט הקודם, vorgängerbeitrag, vorgängerartikel
"""
NEWER = """
新しい投稿, 新しい記事, 较新的博文, 較新的文章, 較新的帖子, 较新文章, 최근 게시물, رسالة أحدث, newer, plus récent,
nieuwer, novější, nyare, daha yeni, 新しい, más reciente, mais recente, più recente
"""
OLDER = """
古い投稿, 過去の投稿, 古い記事, 较早的博文, 較舊的文章, 較舊的帖子, 较旧文章, 이전 게시물, رسالة أقدم, older,
plus ancien, ouder, äldre, daha eski, 古い, más antiguo, mais antigo, meno recente
"""
NEXT_BARE = (
    "次へ, 次, 下一个, 下一個, 다음, التالي, التالية, بعدی, הבא, danach, nachfolgend, nxt, dalej, далее, als nächstes"
)
PREVIOUS_BARE = "前へ, 前, 上一个, 上一個, 이전, السابق, السابقة, قبلی, הקודם, vorher, davor, poprzednio"
# Said of other things as often as not: counted beside other evidence only.
NEXT_VAGUE = (
    "weiter, continue, forward, vor, vorwärts, up next, avanti, adelante, avançar, verder, vidare, ileri, tovább"
)
PREVIOUS_VAGUE = "zurück, zurueck, back, indietro, atrás, voltar, terug, назад, zpět, wstecz, tillbaka, geri, vissza"

# "Next page" leads on in the same article or list, "older posts" is a list: they rule a neighbour out, unless the
# address is that of another post. Parts of an article and comments never are one.
PAGES = """
page, pages, seite, seiten, página, pagina, strona, strana, stránka, sida, side, sivu, sayfa, страница, сторінка,
σελίδα, oldal, halaman, trang
"""
PARTS = """
slide, bild, foto, image, photo, picture, results, ergebnisse, treffer, video, comments, kommentare, commentaires,
comentarios, comentários, commenti, reacties, komentarze, комментарии, komentáře, kommentarer, yorumlar
"""
LISTS = """
posts, articles, entries, stories, items, beiträge, artikeln, einträge, meldungen, billets,
entradas, artículos, noticias, postagens, artigos, articoli,
berichten, artikelen, wpisy, artykuły, записи, статьи, новости, příspěvky, články,
artiklar, yazılar, kayıtlar, bejegyzések
"""
OVERVIEWS = """
overview, index, home, main, archive, all posts, all articles, all news, all stories, view all, see all, back to list,
back to blog, back to news, back to overview, back to all posts, back to home, blog home, übersicht, zur übersicht,
zurück zur übersicht, zurück zur startseite, zurück zum blog, startseite, alle beiträge, alle artikel, alle news,
alle meldungen, archiv, retour, retour à la liste, tous les articles, accueil, toutes les actualités, volver,
todas las entradas, inicio, todos los artículos, página inicial, voltar ao início, tutti gli articoli, torna alla lista,
alle berichten, terug naar overzicht, overzicht, wszystkie wpisy, strona główna, все записи, главная, на главную,
všechny články, úvod, alla inlägg, ana sayfa, tüm yazılar,
一覧, 一覧へ, 一覧に戻る, 記事一覧, ホーム, 返回列表, 首页, 目录, 목록
"""
NEXT_PAGES = "下一页, 下一頁, 次のページ, 다음 페이지, الصفحة التالية"
PREVIOUS_PAGES = "上一页, 上一頁, 前のページ, 이전 페이지, الصفحة السابقة"

NEXT_ARROWS = "→»›>❯⟩▶►⇒➔➜➡⟶⇨⏵≫❱▸▷⯈\ue5c8"
PREVIOUS_ARROWS = "←«‹<❮⟨◀◄⇐⬅⟵⇦⏴≪❰◂◁⯇\ue5c4"
"""The last of each are Google's Material icons, which Blogger's own themes use as text."""
