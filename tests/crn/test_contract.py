from synthkit import testing

LITE = {"backbone": "efficientnet_lite0", "divisors": [1, 1, 1, 1, 1, 1]}
test_contract = testing.contract(
    "crn",
    small={
        "crn/cascaded": {"channels": 8, "height": 32},
        "crn/perceptual": LITE,
        "crn/diversity": LITE,
        "crn/vgg19": None,  # its weights are downloaded: test_losses.py
    },
)
