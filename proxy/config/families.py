"""The families that presets are listed by, in this order: the word in a file, and what a person reads."""

from __future__ import annotations

FAMILIES = {
    "models": "Models (大模型)",
    "speech": "Speech (语音)",
    "search": "Search and embeddings (搜索, 向量)",
    "baidu": "Baidu (百度)",
    "wechat": "WeChat, WeCom (微信, 企业微信)",
    "dingtalk": "DingTalk (钉钉)",
    "feishu": "Feishu, Lark (飞书)",
    "code": "Code (代码托管)",
    "work": "Work and chat (办公协作)",
    "cloud": "Clouds and operation (云, 运维)",
    "data": "Data (数据库, 数据平台)",
    "identity": "Identity and secrets (身份, 密钥)",
    "shop": "Customers, shops, transport (客户, 电商, 物流)",
    "pay": "Payments (支付)",
    "messages": "Messages (消息, 邮件)",
    "maps": "Maps, weather, open data (地图, 天气, 数据)",
    "social": "Social media (社交媒体)",
    "general": "Anybody's API (任意 API)",
}
