from synthkit import testing

test_contract = testing.contract(
    "spade",
    small={
        "spade/generator": {"channels": 2, "norm": {"type": "spade/spatial", "hidden": 4}},
        "spade/image_encoder": {"channels": 2, "downsamples": 2, "out_channels": 3},
    },
)
