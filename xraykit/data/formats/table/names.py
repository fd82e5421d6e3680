"""Names of columns in label files, in English and other European languages, by what the column means.

Names are in the form of :func:`plain`. Of each meaning the names in the first set go before those in the second.
"""

import re
import unicodedata
from functools import lru_cache

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "ł": "l", "đ": "d"})
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")


@lru_cache(1 << 16)
def plain(name: str) -> str:
    """A name without case, accents, blanks and signs, to compare it: ``Patienten-ID`` is ``patientenid``.

    Umlauts are written out (``ö`` as ``oe``), as they are where a keyboard has none.
    """
    composed = unicodedata.normalize("NFC", name).casefold().translate(_UMLAUTS)
    parts = unicodedata.normalize("NFKD", composed)
    return "".join(letter for letter in parts if letter.isalnum())


@lru_cache(1 << 16)
def without_accents(name: str) -> str:
    """As :func:`plain`, but an umlaut is its vowel: ``ö`` is ``o``."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in parts if letter.isalnum())


def plain_column(name: str) -> str:
    """As :func:`plain`, without units in brackets: ``Alter (Jahre)`` is ``alter``."""
    return plain(_BRACKETS.sub("", name)) or plain(name)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMES: dict[str, tuple[frozenset[str], ...]] = {
    "image": (
        _names(
            """image images imageid imageindex imagename imagefile imagefilename imagepath img imgname imgpath imgfile
            file filename filepath path picture picturefile picturename radiograph radiographid xray xrayfile cxr
            bild bildid bildname bilddatei bildpfad datei dateiname dateipfad pfad roentgenbild roentgenaufnahme
            fichier nomfichier nomdufichier chemin cheminfichier radio cliche
            imagen archivo nombrearchivo nombredearchivo nombredelarchivo fichero ruta radiografia
            immagine nomefile nomedelfile percorso imagem arquivo nomearquivo ficheiro nomeficheiro caminho
            afbeelding bestand bestandsnaam foto pad obraz obrazek plik nazwapliku sciezka soubor nazevsouboru snimek
            fil filnavn filnamn filsti billede bilde kuva kuvatiedosto tiedosto kep kepfajl fajl fajlnev
            dicom dicomfile dicomid dicompath dcm dcmfile"""
        ),
    ),
    "patient": (
        _names(
            """patient patientid patientsid patid patnr patno patientno patientnr patientnumber patientnum
            patientidentifier patientkey patientpseudonym patientpseudoid patients pid pseudonym pseudonymid pseudoid
            subject subjectid subjectno subjectnumber mrn medicalrecordnumber hospitalnumber hospitalid person personid
            participant participantid patienten patientenid patientennr patientennummer patientenkennung
            patientenpseudonym patientnummer proband probandid probandennummer
            idpatient npatient nrpatient numpatient numeropatient numerodepatient nopatient ndossier numerodossier
            ipp paciente idpaciente npaciente numerodepaciente numeropaciente numpaciente nhc numerohistoriaclinica
            historiaclinica paziente idpaziente npaziente nrpaziente codicepaziente numeropaziente doente iddoente
            utente idutente patientnavn pacjent idpacjenta numerpacjenta pacient idpacienta cislopacienta potilas
            potilasid potilasnumero beteg betegid betegazonosito"""
        ),
        # Numbers of a stay: a patient who came twice has two of them.
        _names(
            """case caseid caseno casenr casenumber fall fallid fallnr fallnummer aufnahmenummer visit visitid
            visitnumber encounter encounterid sejour numerosejour nda episode episodeid episodio caso idcaso
            ricovero opname opnamenummer"""
        ),
    ),
    "study": (
        _names(
            """study studyid studyno studynumber studyuid studyinstanceuid accession accessionid accessionno
            accessionnr accessionnumber exam examid examno examnumber examination examinationid untersuchung
            untersuchungsid untersuchungsnr untersuchungsnummer auftragsnummer anforderungsnummer studie studienid
            examen idexamen numeroexamen estudio idestudio esame idesame exame idexame onderzoek onderzoeksnummer
            badanie vysetreni"""
        ),
    ),
    "sex": (
        _names(
            """sex gender patientsex patientssex patientgender sexofpatient geschlecht patientengeschlecht
            geschlechtpatient sexe genre sexepatient sexo genero sexopaciente sesso genere sessopaziente geslacht plec
            pohlavi kjoenn koen koenn sukupuoli nem sexpatient mf mw"""
        ),
    ),
    "age": (
        _names(
            """age ageyears ageinyears ageatexam ageatexamination ageatstudy ageatimaging patientage patientsage
            patientageyears agey alter alterinjahren alterjahre alterbeiaufnahme alterbeiuntersuchung lebensalter
            patientenalter agepatient agedupatient ageans edad edadpaciente edadanos eta etapaziente etaanni idade
            idadepaciente leeftijd wiek vek ika alder aalder kor eletkor"""
        ),
    ),
    "view": (
        _names(
            """view viewposition viewpos views projection projektion strahlengang strahlenrichtung aufnahmerichtung
            aufnahmeprojektion incidence vue proyeccion vista proiezione projecao incidencia projectie opnamerichting
            projekcja projekce projektio appa paap apoderpa paoderap aporpa"""
        ),
    ),
    "split": (
        _names(
            """split splits set subset part partition datasplit dataset usage aufteilung teil teilmenge datensatz
            jeu partie conjunto particion insieme suddivisione deel zbior"""
        ),
    ),
    "findings": (
        _names(
            """finding findings findinglabels findinglabel label labels diagnosis diagnoses pathology pathologies tags
            category categories class classes diagnose diagnosen befund befunde roentgenbefund klasse klassen
            kategorie kategorien diagnostic diagnostics pathologie pathologies constats etiquettes diagnostico
            diagnosticos hallazgo hallazgos etiquetas diagnosi reperto reperti patologia patologie etichette achado
            achados bevinding bevindingen rozpoznanie rozpoznania nalez nalezy diagnoosi loydos loydokset fynd funn
            fund lelet leletek"""
        ),
    ),
}

# Columns of yes and no that are no findings of the picture.
OTHER_FACTS = _names(
    """portable bedside inpatient outpatient emergency icu ventilated intubated smoker smoking dead deceased died death
    mortality survival pediatric paediatric adult pregnant diabetes hypertension covidtest pcr consent excluded exclude
    included include reviewed checked followup duplicate quality valid usable
    stationaer ambulant notfall notaufnahme intensiv intensivstation beatmet intubiert raucher verstorben tod
    schwanger einwilligung ausgeschlossen eingeschlossen geprueft verlaufskontrolle voraufnahme liegend mobil
    hospitalise urgence urgences fumeur decede deces consentement exclu inclus ingresado urgencias fumador fallecido
    consentimiento excluido ricoverato urgenza fumatore deceduto consenso escluso"""
)

NO_FINDING = _names(
    """nofinding nofindings normal none nil ohnebefund ob keinbefund keinebefunde unauffaellig normalbefund gesund
    healthy ras rien sansanomalie normale sain sinhallazgos sinalteraciones sano nessunreperto nellanorma negativo
    semachados semalteracoes geenafwijkingen geenbevindingen geen bezzmian beznalezu ua"""
)
