"""What kinds of address a message may be sent to.

Those of Apprise's plug-ins that speak HTTP by the library requests, so that the filtering proxy holds for them. All
others are refused: e-mail, MQTT, IRC, syslog and the like open connections of their own; some run programs, show
windows or read keys from files of this machine.
"""

HTTP = frozenset(
    """
    46elks apprise apprises atalk azure bark barks betterstack bluesky brevo bsky bulksms bulkvs burstsms chanify
    clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot eight00com elks emby embys enigma2 enigma2s
    evolution evolutions exotel feishu firehydrant flock flowtriq flowtriqs fluxer fluxers form forms freemobile
    gchat github goalert goalerts gorush gorushs gotify gotifys groundmail groupme gupshup hassio hassios httpsms
    humhub humhubs ifttt ilert incidentio infobip jellyfin jellyfins jira join json jsons kakao kakaotalk kaleyra
    kavenegar klr kodi kodis kook kudosity kumulos lametric lametrics lark lauther lfg line mailersend mailgun
    mastodon mastodons matrix matrixs misskey misskeys mmost mmosts mobilemessage mobilemsg msg91 msgbird ncloud
    nclouds nctalk nctalks nexmo notica noticas notifiarr notifico notificos notifyre ntfy ntfys o365 octopush
    onebot onebots onesignal opsgenie pagerduty pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets
    plivo postmark pover prowl psafer psafers push pushdeer pushdeers pushed pushme pushplus pushward pushy qq
    reddit resend revolt ringc rocket rockets ryver schan sendgrid sendpulse serwersms ses seven sfr signal
    signalgrid signals signl4 simplepush sinch slack smsc smseagle smseagles smsmanager smsmgr smstunnel smtp2go sns
    sparkpost spike splunk spugpush spush squadcast stackfield strmlabs synology synologys telesign telnyx tgram
    threema toot toots trigv trigvs tweet twilio twist twitter viber victorops voipms vonage webex wechat wecom
    wecombot whapi whatsapp workflow workflows wpush wxpusher wxteams x xbmc xbmcs xmatters xml xmls youlmk zalo
    zcliq zohocliq zoom zulip
    """.split()  # noqa: SIM905 - two hundred short words
)
