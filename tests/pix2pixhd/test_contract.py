from synthkit import testing

test_contract = testing.contract(
    "pix2pixhd",
    small={
        "pix2pixhd/global": {"channels": 4, "downsamples": 2, "blocks": 1},
        "pix2pixhd/local": {"channels": 4, "downsamples": 1, "blocks": 1, "local_blocks": 1},
        "pix2pixhd/instance_encoder": {"channels": 4, "downsamples": 2},
        "pix2pixhd/multiscale": {"channels": 4, "layers": 2},
    },
)
