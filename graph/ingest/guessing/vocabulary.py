"""What cells say, in thirteen languages: which way money went, whether it moved, what is no payment.

All words are compared by `plain`: lower case, no accents, words of letters and digits.
"""

import re

from graph.ingest.columns import slug


def plain(text: str) -> str:
    """'Débit (EUR) ' -> 'debit eur'."""
    return slug(text).replace("_", " ")


def _words(text: str) -> frozenset[str]:
    return frozenset(plain(word) for word in text.split(",")) - {""}


PAID = _words(
    "debit, dr, d, db, dbit, debits, out, outgoing, outflow, withdrawal, withdraw, sent, send, money out, "
    "payment out, expense, spend, spending, purchase, bill, accpay, payable, accounts payable, neg, paid out, "
    "soll, s, ausgang, belastung, lastschrift, ausgabe, abgang, zahlungsausgang, "
    "debit, sortie, depense, cargo, debe, salida, gasto, egreso, retiro, dare, uscita, addebito, spesa, "
    "af, uitgaand, uitgave, afschrijving, debet, saida, debito, despesa, obciazenie, obciążenie, wydatek, wyplyw, wypływ, wn, "
    "uttag, utgift, ut, utgaende, utgående, uttak, udbetaling, udgift, ud, haevet, hævet, meno, veloitus, otto, panotto, "
    "出金, 支払, 支出, 借方"
)
RECEIVED = _words(
    "credit, cr, c, crdt, credits, in, incoming, inflow, deposit, received, receive, money in, income, sale, accrec, "
    "receivable, accounts receivable, pos, paid in, refund, topup, top up, "
    "haben, h, eingang, gutschrift, einnahme, zugang, zahlungseingang, "
    "entree, entrée, recette, abono, haber, ingreso, entrada, avere, entrata, accredito, "
    "bij, inkomend, inkomst, bijschrijving, credito, receita, uznanie, wplyw, wpływ, przychod, przychód, ma, "
    "kredit, insattning, insättning, inkomster, inn, innskudd, innbetaling, indbetaling, indtaegt, indtægt, ind, indsat, tulo, hyvitys, pano, "
    "入金, 収入, 貸方"
)
UNSETTLED = _words(
    "pending, declined, failed, reverted, reversed, cancelled, canceled, rejected, refused, denied, void, voided, expired, "
    "deleted, draft, on hold, hold, authorisation pending, blocked, incomplete, unsuccessful, returned, refunded, requires action, in progress, processing, uncaptured, disputed, "
    "bounced, stopped, scheduled, upcoming, pending authorization, not completed, "
    "vorgemerkt, ausstehend, abgelehnt, storniert, fehlgeschlagen, abgebrochen, ruckgangig gemacht, rückgängig gemacht, offen vorgemerkt, zuruckgewiesen, zurückgewiesen, "
    "en attente, refuse, refusé, annule, annulé, echoue, échoué, rejete, rejeté, pendiente, rechazado, rechazada, anulado, anulada, cancelado, cancelada, fallido, "
    "in sospeso, in attesa, annullato, annullata, rifiutato, rifiutata, non riuscito, stornato, in behandeling, geweigerd, geannuleerd, mislukt, afgewezen, "
    "pendente, recusado, recusada, rejeitado, estornado, oczekujaca, oczekująca, oczekujące, odrzucona, odrzucone, anulowana, anulowane, nieudana, w toku, "
    "vantande, väntande, nekad, avbruten, makulerad, misslyckad, reserverad, venter, avvist, kansellert, avbrutt, feilet, reservert, afventer, afvist, annulleret, mislykket, reserveret, "
    "odottaa, hylatty, hylätty, peruutettu, epaonnistui, epäonnistui, varattu, 保留, 取消, 失敗, 未確定, キャンセル, 処理中"
)
SETTLED = _words(
    "completed, complete, posted, booked, settled, cleared, paid, success, successful, succeeded, approved, authorised, authorized, active, "
    "reconciled, processed, executed, done, available, confirmed, open, sent, funds sent, outgoing payment sent, unreconciled, uncleared, "
    "gebucht, abgeschlossen, ausgefuhrt, ausgeführt, bezahlt, comptabilise, comptabilisé, termine, terminé, effectue, effectué, paye, payé, "
    "completado, completada, contabilizado, pagado, pagada, completato, completata, contabilizzato, eseguito, pagata, verwerkt, voltooid, betaald, geboekt, "
    "concluido, concluído, pago, processado, zaksiegowana, zaksięgowana, zrealizowana, wykonana, oplacona, opłacona, bokford, bokförd, genomford, genomförd, betald, "
    "bokfort, bokført, utfort, utført, betalt, bogfort, bogført, udfort, udført, gennemfort, gennemført, kirjattu, maksettu, suoritettu, toteutunut, 完了, 確定, 支払済"
)
# Words of which a cell consists that says how money was moved and not with whom.
TYPE_WORDS = frozenset(
    plain(
        "transfer payment card debit credit direct standing order purchase fee fees for services service deposit "
        "withdrawal atm cash check cheque pos ach wire bill charge interest faster online internet mobile contactless "
        "visa mastercard maestro sepa bacs chaps bank account incoming outgoing topup top up exchange refund cashback "
        "tfr dd so ft bp dpc fpi fpo bgc cpt chq db cr dr ddr eft neft imps rtgs upi the of to from by and a in out "
        "uberweisung dauerauftrag lastschrift gutschrift kartenzahlung abschluss entgelt entgelte abbuchung einzahlung "
        "auszahlung barauszahlung geldautomat basislastschrift folgelastschrift girocard echtzeit echtzeituberweisung "
        "online einzug lohn gehalt rente einzuguberweisung "
        "prlv prelevement vir virement recu emis cb carte retrait cheque remise paiement achat frais cotisation "
        "par du de sepa permanent instantane europeen "
        "transferencia recibo recibos pago compra tarjeta adeudo abono ingreso comision con "
        "bonifico addebito accredito pagamento prelievo carta commissioni canone sdd pos bancomat a favore "
        "overschrijving incasso betaling betaalautomaat geldautomaat ideal periodieke overboeking bea diversen kaart sepa "
        "transferencia pagamento compra levantamento cartao debito direto "
        "przelew wychodzacy przychodzacy platnosc karta wyplata wplata prowizja oplata zlecenie stale blik zewnetrzny wewnetrzny "
        "overforing overfoering betalning kortkop kortkjop korttransaktion autogiro insattning uttag giro varekjop visakjop "
        "betaling kortbetaling betalingsservice pbs dankort nettbank avtalegiro "
        "tilisiirto korttiosto pano otto maksu palvelumaksu verkkomaksu "
        "振込 引落 現金 カード 手数料 利息 transaction type general current "
    ).split()
)
BALANCE_ROW = re.compile(
    r"^\W*(?:(?:opening|closing|starting|ending|beginning|previous|new|final|brought|carried|current|total|statement) balance"
    r"|balance (?:brought|carried)(?: forward)?|brought forward|carried forward|balance [bc]/[df]|start balance|end balance"
    r"|(?:anfangs|end|alter |neuer |schluss|abschluss|start)saldo|saldovortrag|kontostand(?: am.*)?"
    r"|(?:ancien |nouveau )?solde (?:initial|final|pr[ée]c[ée]dent|d'ouverture|de cl[ôo]ture|d[ée]biteur|cr[ée]diteur|au).*|report de solde"
    r"|saldo (?:inicial|anterior|final|iniziale|finale|precedente|contabile|pocz[ąa]tkowe|ko[ńn]cowe)|(?:begin|eind)saldo"
    r"|(?:ing[åa]ende|utg[åa]ende|inng[åa]ende) (?:saldo|balans)|(?:primo|ultimo)saldo|alkusaldo|loppusaldo|繰越|前月繰越|繰越残高"
    r"|(?:grand |sub)?totals?|summen?|gesamt(?:summe)?|total g[ée]n[ée]ral|totale|totaal|razem|suma|summa|sum|yhteens[äa]|合計)\b[\s:]*[\d.,/-]*\s*$",
    re.IGNORECASE,
)
# On a card's statement such a row pays the card's bill.
BILL_PAYMENT = re.compile(
    r"\b(?:payment.{0,12}thank you|payment received|autopay|auto ?pay|online payment|direct debit payment|payment - thank|mobile payment|card payment received"
    r"|electronic payment|bill payment|payment thank|thank you|lastschrift eingezogen|zahlung erhalten|zahlung/[üu]berweisung erhalten|ausgleich kreditkarte|paiement re[çc]u|r[èe]glement re[çc]u"
    r"|pago recibido|pagamento ricevuto|betaling ontvangen|pagamento recebido|sp[łl]ata karty|inbetalning|innbetaling|indbetaling|maksusuoritus|ご入金)\b",
    re.IGNORECASE,
)
COMES_IN = re.compile(
    r"\b(?:salary|payroll|wages|refund|interest (?:paid|earned|received)|credit interest|dividend|deposit|received|from |client|customer|income|cashback|reimbursement|invoice payment from"
    r"|gehalt|lohn|r[üu]ckerstattung|erstattung|gutschrift|zinsen gutschrift|kunde|salaire|remboursement|vir(?:ement)? re[çc]u|client|n[óo]mina|abono|devoluci[óo]n|stipendio|accredito|rimborso"
    r"|salaris|loon|terugbetaling|sal[áa]rio|reembolso|wynagrodzenie|zwrot|l[öo]n|[åa]terbetalning|l[øo]nn|refusjon|palkka|hyvitys|給与|給料|利息)\b",
    re.IGNORECASE,
)
GOES_OUT = re.compile(
    r"\b(?:rent|fee|fees|charge|charges|insurance|purchase|withdrawal|atm|supermarket|grocer\w*|restaurant|cafe|coffee|tesco|sainsbury|amazon|uber|shell|parking|taxi|tax|subscription|electric\w*|gas|water|utilities|mortgage|loan|to |paid"
    r"|miete|geb[üu]hr|versicherung|strom|lastschrift|einkauf|abschluss|loyer|assurance|prlv|pr[ée]l[èe]vement|achat|retrait|cotisation|frais|[ée]lectricit[ée]|alquiler|seguro|recibo|compra|comisi[óo]n|luz"
    r"|affitto|assicurazione|addebito|pagamento|prelievo|canone|commissioni|huur|verzekering|incasso|aankoop|renda|levantamento|czynsz|op[łl]ata|zakup|prowizja|hyra|avgift|f[öo]rs[äa]kring|husleie|gebyr|forsikring|husleje|vuokra|maksu|vakuutus|家賃|電気|水道|手数料)\b",
    re.IGNORECASE,
)
LANGUAGES = {
    "EUR": _words(
        "buchungstag, buchungsdatum, betrag, verwendungszweck, umsatz, wertstellung, empfanger, auftraggeber, buchungstext, lieferant, belegdatum, "
        "libelle, montant, date operation, solde, fournisseur, debit euros, credit euros, importe, concepto, fecha, cliente, fattura, factuur, rechnung, facture, kreditor, brutto,  fecha valor, fecha operacion, proveedor, importo, data operazione, data contabile, "
        "descrizione, causale, dare, avere, bedrag, omschrijving, tegenrekening, boekdatum, naam omschrijving, descricao, data mov, montante, valor, data valor, maara, saaja, paivamaara, kirjauspaiva, selite, paiva"
    ),
    "PLN": _words("kwota, kwota netto, dostawca, numer faktury, nabywca,  data operacji, opis, opis operacji, tytul, tytuł, saldo po operacji, odbiorca, nadawca, data transakcji, kontrahent, obciazenia, obciążenia, uznania"),
    "SEK": _words("belopp, totalbelopp, leverantör,  bokforingsdag, bokföringsdag, bokforingsdatum, bokföringsdatum, transaktionsdag, transaktionsdatum, insattningar, uttag"),
    "NOK": _words("beløp, bokført, ut fra konto, inn på konto, bokføringsdato, forklaring, rentedato, beskrivelse"),
    "DKK": _words("beløb, bogført, bogføringsdato, posteringstekst, tekst, saldo dkk"),
    "JPY": _words("金額, 日付, 摘要内容, 支払い金額, 預かり金額,  摘要, 残高, 出金, 入金, 利用金額, 取引日, お支払金額, お預り金額, ご利用金額, 支払金額, 利用日, ご利用日, お引出し, お預入れ"),
}  # fmt: skip
CODES = frozenset(
    ["AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWL"]
)
SIGNS = {
    "£": "GBP",
    "€": "EUR",
    "₹": "INR",
    "¥": "JPY",
    "￥": "JPY",
    "$": "USD",
    "zł": "PLN",
    "円": "JPY",
}
