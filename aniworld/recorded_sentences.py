"""The sentences that workers write down in English and pages say in the reader's language (`recorded.py`).

One that stands here as it is written there needs no other mark; where it is put together, its places have names.
"""

from django.utils.translation import gettext_noop

SENTENCES = (
    gettext_noop("Tries %s next."),
    gettext_noop("No usable source in %(wanted)s; the catalogue offers %(offered)s."),
    gettext_noop("%s has no address that could be checked."),
    gettext_noop("%s answered with a challenge."),
    gettext_noop("%(place)s refuses access (%(status)s)."),
    gettext_noop("%(place)s does not exist (%(status)s)."),
    gettext_noop("%(place)s asks to slow down (%(status)s)."),
    gettext_noop("%(place)s answered with an error (%(status)s)."),
    gettext_noop("%(place)s answered unexpectedly (%(status)s)."),
    gettext_noop("%s answered with a captcha."),
    gettext_noop("%s answered with a login form."),
    gettext_noop("The name %s does not resolve."),
    gettext_noop("No connection to %(host)s: %(reason)s."),
    gettext_noop("%s did not answer in time."),
    gettext_noop("%s sent nothing for too long."),
    gettext_noop("The connection to %s was closed."),
    gettext_noop("The connection to %s broke off."),
    gettext_noop(
        "%s is in a private network, which providers may not reach. "
        "If it is yours, name it in ALLOWED_PRIVATE_HOSTS and start anew."
    ),
    gettext_noop("%s led into a private network, which providers may not reach."),
    gettext_noop("%d minutes"),
    gettext_noop("%d seconds"),
    gettext_noop("Not one byte came for %d seconds."),
    gettext_noop("%(speed)d kB/s, and at least %(asked)d are asked for."),
    gettext_noop("No answer came within %d seconds."),
    gettext_noop("The catalogue did not answer within %d seconds."),
    gettext_noop("Went on on another machine, from what that had of it itself; %(size)s MB lie on %(there)s."),
    gettext_noop("Began anew on another machine: the %(size)s MB that were there lie on %(there)s."),
    gettext_noop("Went on from the %.1f MB that were there."),
    gettext_noop("Began anew: the %(size)s MB that were there are gone."),
    gettext_noop("Every host that has it in %(wanted)s is switched off: %(hosts)s."),
    gettext_noop("An error of this program (%s); the log has more."),
    gettext_noop("Something went wrong here (%s). The log tells what."),
    gettext_noop("The download window is closed; it goes on at %s."),
    gettext_noop("Only %d downloads may run at once now; it waits for its turn."),
    gettext_noop("%(host)s allows only %(count)d downloads at once now; it waits for a place."),
    gettext_noop("Every source is blocked; they are asked again in %s."),
    gettext_noop("%(name)s rests until %(time)s."),
    gettext_noop("%s was asked as often as its requests per minute allow."),
    gettext_noop("No space left for %s."),
    gettext_noop("Goes on in %s."),
    gettext_noop("%(file)s could not be written: %(reason)s."),
    gettext_noop(
        "The library folder “%s” is not there. Mount its disk, create it, or choose another one in the settings."
    ),
    gettext_noop("The library folder “%s” can't be written. Give this program the right to, or check the disk."),
    gettext_noop("The library folder “%s” is empty, but files are known in it. Mount its disk, or put any file there."),
    gettext_noop("The disk of the library folder “%s” is not mounted. Mount it, or put a file there to do without."),
    # What the check of a file found.
    gettext_noop("The file is empty."),
    gettext_noop("The file can't be read as a video (%s)."),
    gettext_noop("The file has no video track."),
    gettext_noop("The file has no audio track."),
    gettext_noop("The file breaks off: %(had)s of %(whole)s seconds are readable."),
    gettext_noop("The picture ends long before the sound."),
    gettext_noop("%d packets of the file are damaged."),
    gettext_noop("The picture at %s seconds is damaged."),
    gettext_noop("The file plays %(plays)s seconds, and the playlist lists %(promised)s."),
    gettext_noop("The file plays %(plays)s seconds, and other episodes of the season about %(others)s."),
    gettext_noop("The file has %(size)s kB, which is far too little for %(plays)s seconds of video."),
    gettext_noop("The file is tagged as speaking %(spoken)s, and %(language)s is what %(wanted)s speaks."),
    # What a host sent in place of the episode.
    gettext_noop("The stream's address is no longer good (%s)"),
    gettext_noop("The host sent an empty file."),
    gettext_noop("The host sent a page instead of a video."),
    gettext_noop("The host sent %s instead of a video."),
    gettext_noop("%s answered with a web page instead of media."),
    gettext_noop("%s answered with neither a video nor a playlist."),
    gettext_noop("The stream is protected (%s); only AES-128 with a plain key is read."),
    gettext_noop("The playlist has no end: live streams are not downloaded."),
    gettext_noop("The playlist has gaps: parts of the stream are missing at the host."),
    gettext_noop("A segment is damaged."),
    gettext_noop("%s is not there any more."),
)
