"""What customers write and how the desks file it: subjects, tags and contact reasons."""

from __future__ import annotations

from random import Random

SUBJECTS = {
    "wismo": (
        "Où est ma commande ?",
        "Colis non reçu",
        "Suivi de livraison",
        "Toujours pas livré",
        "Retard de livraison",
    ),
    "return": (
        "Demande de retour",
        "Étiquette de retour",
        "Je souhaite retourner un article",
        "Échange de taille",
    ),
    "refund": ("Remboursement non reçu", "Où en est mon remboursement ?", "Demande de remboursement"),
    "defective": (
        "Article cassé à la réception",
        "Produit défectueux",
        "Vase ébréché",
        "La lampe ne fonctionne pas",
    ),
    "missing": ("Article manquant dans le colis", "Il manque un produit", "Mauvais article reçu"),
    "invoice": ("Demande de facture", "Facture", "Besoin d'une facture avec TVA"),
    "complaint": ("Réclamation", "Service inadmissible", "Très mécontente de votre service"),
    "modification": ("Changer l'adresse de livraison", "Annuler ma commande", "Modifier ma commande"),
    "presale": (
        "Dimensions du tapis ?",
        "Disponibilité du plaid",
        "Question sur un produit",
        "Retour en stock ?",
    ),
    "account": (
        "Mot de passe oublié",
        "Connexion à mon compte",
        "Supprimer mon compte",
        "Désinscription newsletter",
    ),
    "other": ("Bonjour", "Question", "Partenariat", "Candidature"),
}
ENGLISH_SUBJECTS = {
    "wismo": ("Where is my order?", "Parcel not received", "Tracking not updated"),
    "return": ("How do I return an item?", "Return label"),
    "refund": ("Refund not received", "When will I be refunded?"),
    "defective": ("Item arrived broken", "Defective product"),
    "missing": ("Missing item", "Wrong item received"),
    "invoice": ("Invoice please",),
    "complaint": ("Complaint", "Very disappointed"),
    "modification": ("Change delivery address", "Cancel my order"),
    "presale": ("Is it back in stock?", "Size question"),
    "account": ("Password reset", "Delete my account"),
    "other": ("Hello", "Partnership"),
}
LATE_WITH_NUMBER = (
    "Commande {} toujours pas reçue",
    "Où est ma commande {} ?",
    "Livraison commande n° {}",
    "Colis {} non reçu",
)
SPAM = ("Boost your SEO ranking", "Offre exceptionnelle panneaux solaires", "Guest post request")
CUSTOM_REASONS = {
    "wismo": "Livraison > Où est ma commande",
    "return": "Retour > Étiquette de retour",
    "refund": "Retour > Remboursement",
    "defective": "Produit > Défectueux",
    "missing": "Produit > Manquant ou erreur",
    "invoice": "Facture",
    "complaint": "Réclamation",
    "modification": "Commande > Modification ou annulation",
    "presale": "Avant-vente > Question produit",
    "account": "Compte client",
    "other": "Autre",
}
TAGS = {
    "wismo": "livraison",
    "return": "retour",
    "refund": "remboursement",
    "defective": "produit_defectueux",
    "missing": "article_manquant",
    "invoice": "facture",
    "complaint": "reclamation",
    "modification": "commande",
    "presale": "avant_vente",
    "account": "compte",
    "other": "autre",
}
EASIWARE_MOTIFS = {
    "wismo": ("Livraison", "Où est ma commande"),
    "return": ("Retour", "Étiquette de retour"),
    "refund": ("Retour", "Remboursement"),
    "defective": ("Produit", "Défectueux"),
    "missing": ("Produit", "Article manquant ou erroné"),
    "invoice": ("Facture", "Demande de facture"),
    "complaint": ("Réclamation", "Insatisfaction"),
    "modification": ("Commande", "Modification ou annulation"),
    "presale": ("Avant-vente", "Choix de pointure"),
    "account": ("Compte client", "Connexion"),
    "other": ("Autre", ""),
}
EASIWARE_TEXTS = ("Pointure 24", "Pointure 27", "Client fidèle", "À rappeler", "Relance", "Semelle décollée")


def subject(rng: Random, reason: str, order_ref: str, english: bool) -> str:
    """A subject line in the customer's language, quoting the order when `order_ref` is not empty."""
    text = rng.choice((ENGLISH_SUBJECTS if english else SUBJECTS)[reason])
    if not order_ref:
        return text
    if english:
        return f"{text} (order {order_ref})"
    if reason == "wismo":
        return rng.choice(LATE_WITH_NUMBER).format(order_ref)
    return f"{text} - commande {order_ref}"
