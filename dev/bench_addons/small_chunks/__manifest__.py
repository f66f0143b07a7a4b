{
    "name": "Small chunks, for dev/bench chaos",
    "version": "19.0.1.0.0",
    "author": "Mass Mailing Campaign contributors",
    "license": "LGPL-3",
    "installable": False,  # a server is started with it, see dev/environment/chaos.py
}
