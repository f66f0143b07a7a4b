"""Who fetched a link or the open pixel: a person, or a machine that does so for all mail?

Security gateways open every link of a letter before anybody reads it, and privacy proxies fetch
every image. ``machine`` knows them by what they send and where they come from, in these tables.
What a single request does not show is judged where the message is known: the hits within
``SECONDS_AFTER_SENDING``, and ``BURST_LINKS`` different links of one letter within
``BURST_SECONDS``.

None of it catches a scanner that comes late from an unknown network with the user agent of a
browser and opens one or two links; nor does it know the time of delivery, only that of the
hand-over to our own mail server.

Sources, read in November 2026:

* Mailgun, https://www.mailgun.com/blog/product/bot-detection/
* SparkPost, https://www.sparkpost.com/blog/gmail-prefetching-images/
* Mautic, https://github.com/mautic/mautic/issues/16263
* Warmbly, https://github.com/warmbly/warmbly/pull/412
* Suped, https://www.suped.com/knowledge/email-deliverability/technical/
* A field guide, https://check.live-direct-marketing.online/blog/bot-clicks-security-scanners-detect
* Microsoft, https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges
"""

from ipaddress import ip_address, ip_network

# Nobody reads so fast; the relay has to deliver it first (Mautic: 2 s, the field guide: 5 s).
SECONDS_AFTER_SENDING = 5
# People open one link, maybe two; gateways open all at once (field guide, Suped).
BURST_LINKS = 3
BURST_SECONDS = 2

# The whole user agent.
USER_AGENTS = {
    "": "a scanner that does not tell its name, as Microsoft's often does",  # field guide
    "mozilla/5.0": "Apple Mail Privacy Protection",  # Mailgun
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko)"
    " chrome/42.0.2311.135 safari/537.36 edge/12.246 mozilla/5.0": "Gmail, before it shows a"
    " letter",  # SparkPost
}
# Part of a user agent. Two that are not here, on purpose: GoogleImageProxy and YahooMailProxy
# fetch an image when a person looks at it (Warmbly), and so does Outlook, as "Microsoft Office".
NAMES = {
    "barracuda": "Barracuda",  # field guide
    "ciscosecureemail": "Cisco Secure Email",  # field guide
    "ironport": "Cisco Secure Email",  # field guide
    "mimecast": "Mimecast",  # field guide, Mautic
    "proofpoint": "Proofpoint",  # field guide, Mautic
    "fortimail": "FortiMail",  # field guide
    "fortinet": "FortiMail",  # field guide
    "sophos": "Sophos",  # field guide
    "tmes": "Trend Micro Email Security",  # field guide
    "trendmicro": "Trend Micro",
    "symantec": "Symantec Email Security",
    "facebookexternalhit": "Facebook's preview",
    "google pagerender": "Google's preview",
    "preview": "a preview, as Microsoft's",
    "slurp": "a crawler",
    "trendsmapresolver": "a crawler",
    "whatsapp/": "WhatsApp's preview",
    "virustotal": "VirusTotal",
    "urlscan": "urlscan.io",
    # programs and libraries, by the names that they send unless they are told not to
    "headlesschrome": "a browser without a screen",
    "phantomjs": "a browser without a screen",
    "aiohttp": "a program",
    "axios/": "a program",
    "bot": "a crawler",
    "crawl": "a crawler",
    "curl/": "a program",
    "go-http-client": "a program",
    "java/": "a program",
    "libwww": "a program",
    "node-fetch": "a program",
    "python-": "a program",
    "spider": "a crawler",
    "wget/": "a program",
}
# Headers of what a browser or a mail program fetches ahead, without being asked to.
PREFETCH_HEADERS = {
    "Purpose": ("prefetch", "preview"),  # older browsers
    "Sec-Purpose": ("prefetch",),  # https://fetch.spec.whatwg.org/#sec-purpose-header
    "X-Moz": ("prefetch",),  # older Firefox
    "X-Purpose": ("preview",),  # older Safari
}
# Networks that open links, but where no person's browser is. Images are another matter: webmail
# loads them for people, from its own network (Warmbly).
CLICK_NETWORKS = {
    network: "Exchange Online Protection"  # Microsoft
    for network in ("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17")
}
# Networks that load images for everybody, read or not.
OPEN_NETWORKS = {
    "17.0.0.0/8": "Apple",  # Apple's own; the proxies of its partners are known by user agent
}
_CLICK_NETWORKS = {ip_network(network): name for network, name in CLICK_NETWORKS.items()}
_OPEN_NETWORKS = {ip_network(network): name for network, name in OPEN_NETWORKS.items()}

# Longer ones are cut before they are looked at or kept.
USER_AGENT_LENGTH = 300


def machine(user_agent, address, headers, is_click):
    """Tell which machine made a request.

    :param str user_agent: the header of that name, empty if there is none
    :param str address: IP address of the client
    :param headers: mapping of the other header fields, by names without regard to case
    :param bool is_click: whether a link was fetched, not the open pixel
    :return: name of the machine, or None for what seems to be a person
    """
    user_agent = user_agent[:USER_AGENT_LENGTH].strip().lower()
    user_agent = user_agent.replace("cubot", "")  # a make of telephones
    if name := USER_AGENTS.get(user_agent):
        return name
    for part, name in NAMES.items():
        if part in user_agent:
            return name
    for header, purposes in PREFETCH_HEADERS.items():
        value = (headers.get(header) or "")[:USER_AGENT_LENGTH].lower()
        if any(purpose in value for purpose in purposes):
            return "what is fetched ahead"
    return _network(address, _CLICK_NETWORKS if is_click else _OPEN_NETWORKS)


def _network(address, networks):
    try:
        client = ip_address(address or "")
    except ValueError:
        return None
    client = getattr(client, "ipv4_mapped", None) or client
    for network, name in networks.items():
        if client in network:
            return name
    return None
